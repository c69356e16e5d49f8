// Tells the shop that the shopper has agreed, once both are there: the address and the tick. Nothing is told before.
(function () {
  "use strict";

  var settings = window.kontorCheckout;
  if (!settings || !window.fetch || !window.FormData) {
    return;
  }
  var told = "";

  // The classic checkout's fields, then those of the block checkout.
  function email() {
    var field = document.querySelector("#billing_email, .wc-block-checkout input#email");
    return field && field.validity.valid ? field.value.trim() : "";
  }

  function isTicked() {
    var box = document.querySelector('#kontor-agreed, input[type="checkbox"][id$="kontor-agreed"]');
    return Boolean(box && box.checked);
  }

  function tell() {
    var address = email();
    var agreed = isTicked();
    var now = agreed ? address : "";
    if (now === told || (agreed && !address)) {
      return;
    }
    var form = new FormData();
    form.append("nonce", settings.nonce);
    form.append("wording", settings.wording);
    form.append("email", agreed ? address : told);
    form.append("agreed", agreed ? "1" : "0");
    told = now;
    window.fetch(settings.url, { method: "POST", body: form, credentials: "same-origin", keepalive: true }).catch(
      function () {
        told = agreed ? "" : form.get("email");
      }
    );
  }

  // The block checkout draws its fields anew whenever it likes, so the page itself is listened to.
  ["change", "focusout"].forEach(function (name) {
    document.addEventListener(name, function () {
      window.setTimeout(tell, 0);
    });
  });
})();
