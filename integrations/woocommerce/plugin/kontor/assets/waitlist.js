// On a sold-out product's page: the link to the waiting list becomes a form in its place when it is followed. Nobody
// is called before that; where anything is in the way, the link leads to Kontor's own page.
(function () {
  "use strict";

  var words = window.kontorWaitlist;
  var made = 0;
  if (!words || !window.fetch || !window.URL || !window.URLSearchParams) {
    return;
  }

  function element(name, told, inside) {
    var one = document.createElement(name);
    Object.keys(told).forEach(function (key) {
      one.setAttribute(key, told[key]);
    });
    if (inside) {
      one.textContent = inside;
    }
    return one;
  }

  function ask(url, body) {
    var told = { headers: { Accept: "application/json" }, credentials: "omit" };
    if (body) {
      told.method = "POST";
      told.body = body;
    }
    return window.fetch(url, told).then(function (answer) {
      return answer.json();
    });
  }

  // It may stand in the product's own form, so it is none itself.
  function build(link) {
    made += 1;
    var id = "kontor-waitlist-" + made;
    var box = element("div", { class: "kontor-waitlist", role: "group", "aria-label": link.textContent });
    var label = element("label", { for: id }, words.email);
    var email = element("input", { id: id, type: "email", autocomplete: "email", maxlength: "254" });
    var trap = element("input", { type: "text", tabindex: "-1", autocomplete: "off", "aria-label": words.trap });
    var hidden = element("span", { "aria-hidden": "true" });
    var text = element("p", { id: id + "-text" });
    var button = element("button", { type: "button", class: "button" }, words.button);
    var said = element("p", { role: "status" });
    hidden.style.cssText = "position:absolute;left:-9999px";
    email.setAttribute("aria-describedby", id + "-text");
    hidden.appendChild(trap);
    [label, email, hidden, text, button, said].forEach(function (one) {
      box.appendChild(one);
    });
    return { box: box, email: email, trap: trap, text: text, button: button, said: said };
  }

  function begin(form, place) {
    return ask(place.origin + place.pathname + "/form" + place.search).then(function (told) {
      if (!told.form) {
        throw new Error(told.message || "");
      }
      form.token = told.form;
      form.text.textContent = told.text;
    });
  }

  function send(form, place) {
    if (!form.email.value || !form.email.checkValidity()) {
      form.email.setAttribute("aria-invalid", "true");
      form.email.reportValidity();
      return;
    }
    form.email.removeAttribute("aria-invalid");
    var body = new URLSearchParams();
    body.set("variant", place.searchParams.get("variant"));
    body.set("locale", place.searchParams.get("locale"));
    body.set("email", form.email.value);
    body.set("form", form.token);
    body.set("website", form.trap.value);
    form.button.disabled = true;
    ask(place.origin + place.pathname, body)
      .then(function (told) {
        form.said.textContent = told.message || words.failed;
        if (told.state === "unconfirmed" || told.state === "waiting" || told.state === "available") {
          form.box.replaceChildren(form.said);
        } else if (told.state === "old") {
          return begin(form, place);
        }
        return null;
      })
      .catch(function () {
        form.said.textContent = words.failed;
      })
      .then(function () {
        form.button.disabled = false;
      });
  }

  // WooCommerce writes the link anew with every choice of a variation, so the page itself is listened to.
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a.kontor-waitlist-link");
    if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    event.preventDefault();
    var place = new URL(link.href);
    var form = build(link);
    begin(form, place)
      .then(function () {
        link.parentNode.replaceChild(form.box, link);
        form.email.focus();
      })
      .catch(function () {
        window.location.assign(link.href);
      });
    form.button.addEventListener("click", function () {
      send(form, place);
    });
    form.email.addEventListener("keydown", function (pressed) {
      if (pressed.key === "Enter") {
        pressed.preventDefault();
        send(form, place);
      }
    });
  });
})();
