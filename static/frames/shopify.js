// Inside Shopify's admin: a form takes along a proof that is as fresh as its sending.
// Without this script the proof of the page goes along, which lasts a minute.
"use strict";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const proof = form.querySelector("input[name=id_token]");
  if (!proof || form.dataset.proven || !window.shopify?.idToken) return;
  event.preventDefault();
  try {
    proof.value = await window.shopify.idToken();
  } finally {
    form.dataset.proven = "yes";
    form.requestSubmit(event.submitter);
    delete form.dataset.proven;
  }
});
