// The page in the frame keeps no cookie: it asks here for a token, which the shop's own session gives.
(function () {
  "use strict";

  var settings = window.kontorAdmin;
  var frame = document.getElementById("kontor-frame");
  if (!settings || !frame) {
    return;
  }

  window.addEventListener("message", function (event) {
    var asked = event.data;
    if (event.source !== frame.contentWindow || event.origin !== settings.origin) {
      return;
    }
    if (!asked || asked.kontor !== "token?" || typeof asked.number !== "number") {
      return;
    }
    var form = new FormData();
    form.append("action", "kontor_token");
    form.append("nonce", settings.nonce);
    window
      .fetch(settings.url, { method: "POST", body: form, credentials: "same-origin" })
      .then(function (answer) {
        return answer.json();
      })
      .then(function (said) {
        var token = said && said.success ? said.data.token : "";
        event.source.postMessage({ kontor: "token", number: asked.number, token: token }, settings.origin);
      })
      .catch(function () {
        event.source.postMessage({ kontor: "token", number: asked.number, token: "" }, settings.origin);
      });
  });
})();
