// Inside a WooCommerce store's admin: the page around this one, our plugin's, signs who looks. A form takes along a
// proof that is as fresh as its sending; a page that came without a good one is asked for anew.
"use strict";

let asked = 0;

// Whoever frames this page is named by its policy, so nobody else can hear or answer.
function token() {
  return new Promise((resolve, reject) => {
    if (window.parent === window) {
      reject(new Error("no frame"));
      return;
    }
    asked += 1;
    const number = asked;
    const ask = () => window.parent.postMessage({ kontor: "token?", number }, "*");
    // The page around may still be loading.
    const asking = window.setInterval(ask, 700);
    const end = window.setTimeout(() => {
      window.clearInterval(asking);
      reject(new Error("no answer"));
    }, 10000);
    window.addEventListener("message", function hear(event) {
      const said = event.data;
      if (event.source !== window.parent || !said || said.kontor !== "token" || said.number !== number) return;
      window.clearTimeout(end);
      window.clearInterval(asking);
      window.removeEventListener("message", hear);
      if (said.token) resolve(said.token);
      else reject(new Error("no token"));
    });
    ask();
  });
}

const again = document.querySelector("meta[name=kontor-again]");
if (again) {
  const target = new URL(again.content, window.location.origin);
  if (target.origin === window.location.origin) {
    token().then((proof) => {
      target.searchParams.set("kontor_token", proof);
      window.location.replace(target.href);
    }, () => {});
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const proof = form.querySelector("input[name=kontor_token]");
  if (!proof || form.dataset.proven) return;
  event.preventDefault();
  try {
    proof.value = await token();
  } finally {
    form.dataset.proven = "yes";
    form.requestSubmit(event.submitter);
    delete form.dataset.proven;
  }
});
