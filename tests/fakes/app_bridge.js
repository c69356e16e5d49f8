// Plays Shopify's App Bridge in tests, as far as our pages lean on it: fresh ID
// tokens, fetches that carry one and are tried once more, the patch page, the
// menu. The test answers `standInIdToken`.
"use strict";

(() => {
  const key = document.querySelector("meta[name=shopify-api-key]")?.content;
  const reload = new URLSearchParams(location.search).get("shopify-reload");
  const plainFetch = window.fetch;
  const idToken = () => window.standInIdToken(key);

  window.shopify = { idToken, config: { apiKey: key } };

  window.fetch = async (resource, options = {}) => {
    const again = async () => {
      const headers = new Headers(options.headers);
      headers.set("Authorization", `Bearer ${await idToken()}`);
      return plainFetch(resource, { ...options, headers });
    };
    const answer = await again();
    return answer.headers.has("X-Shopify-Retry-Invalid-Session-Request") ? again() : answer;
  };

  const patch = async () => {
    const target = new URL(reload, location.origin);
    target.searchParams.set("id_token", await idToken());
    location.replace(target);
  };

  const tellMenu = () => {
    const links = [...document.querySelectorAll("s-app-nav s-link")];
    const menu = links.map((link) => [link.textContent.trim(), new URL(link.getAttribute("href"), location).href]);
    window.parent.postMessage({ menu }, "https://admin.shopify.com");
  };

  if (reload) patch();
  else document.addEventListener("DOMContentLoaded", tellMenu);
})();
