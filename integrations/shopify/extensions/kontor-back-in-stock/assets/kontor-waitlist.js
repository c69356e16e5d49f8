/*
 * Tell me when it is back: a small form beside a variant that is sold out.
 *
 * In a theme our block has written the form into <kontor-waitlist>; on any other page the
 * element is empty, and the form is made here. No request before the shopper is in the form.
 */
(() => {
  "use strict";
  if (customElements.get("kontor-waitlist")) return;

  // For pages without our block; the block's are in its locales, word for word.
  const WORDS = {
    en: {
      title: "Sold out – shall we tell you when it is back?",
      email: "E-mail address",
      button: "Tell me",
      text: "Write to me at this address as soon as this is back in stock. I can leave the waiting list at any time.",
      trap: "Please leave this empty",
      invalid: "Please enter a complete e-mail address, such as anna@example.com.",
      failed: "That did not work just now. Please try again in a moment.",
    },
    de: {
      title: "Ausverkauft – dürfen wir Ihnen schreiben, wenn es wieder da ist?",
      email: "E-Mail-Adresse",
      button: "Bescheid geben",
      text: "Schreiben Sie mir an diese Adresse, sobald dies wieder lieferbar ist. Von der Warteliste kann ich mich jederzeit abmelden.",
      trap: "Bitte frei lassen",
      invalid: "Bitte geben Sie eine vollständige E-Mail-Adresse ein, zum Beispiel anna@example.com.",
      failed: "Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.",
    },
  };

  // Shopify's own event: https://shopify.dev/docs/api/storefront-events-and-actions/events/product-select
  const SELECT = "shopify:product:select";
  // Themes' own, with the variant in `detail`; the first is older Horizon's, the second documented at
  // https://support.maestrooo.com/article/764-javascript-events-exposed-by-the-theme
  const THEMES = ["variant:update", "variant:change", "variant:changed", "product:variant-change"];
  // A theme sets its form and its address some time after the shopper's choice.
  const LOOK_AGAIN = [0, 100, 400, 1200];
  let made = 0;

  const numberOf = (id) => String(id ?? "").split("/").pop();

  async function ask(url, options) {
    const answer = await fetch(url, { ...options, headers: { Accept: "application/json" } });
    return { ok: answer.ok, ...(await answer.json()) };
  }

  class Waitlist extends HTMLElement {
    static observedAttributes = ["data-variant"];

    connectedCallback() {
      this.language = (this.dataset.locale || document.documentElement.lang || "en").toLowerCase();
      const words = WORDS[this.language.startsWith("de") ? "de" : "en"];
      if (!this.querySelector("[data-email]")) this.build(words);
      this.words = { ...words, ...this.dataset };
      this.variant = this.dataset.variant;
      const data = this.querySelector("script[type='application/json']");
      this.stock = data ? JSON.parse(data.textContent) : null;
      this.leaving = new AbortController();
      this.join();
      this.seen = [];
      if (this.stock) this.follow();
      this.look();
    }

    disconnectedCallback() {
      this.leaving.abort();
      this.form.remove();
    }

    attributeChangedCallback(name, before, now) {
      if (this.leaving && before !== now) this.choose(now || "none");
    }

    find(name) {
      return this.querySelector(`[data-${name}]`);
    }

    build(words) {
      const id = `kontor-waitlist-${(made += 1)}`;
      this.classList.add("kontor-waitlist");
      this.innerHTML = `<div data-ask class="kontor-waitlist__ask" role="group" aria-labelledby="${id}-title">
        <p id="${id}-title" class="kontor-waitlist__title">${words.title}</p>
        <label for="${id}-email">${words.email}</label>
        <div class="kontor-waitlist__row"><input data-email id="${id}-email" type="email" autocomplete="email"
          required aria-describedby="${id}-text ${id}-error"><button data-send type="submit">${words.button}</button></div>
        <p data-error id="${id}-error" class="kontor-waitlist__error" role="alert"></p>
        <p data-text id="${id}-text" class="kontor-waitlist__text">${words.text}</p>
        <label class="kontor-waitlist__trap" aria-hidden="true">${words.trap}
          <input data-trap type="text" tabindex="-1" autocomplete="off"></label></div>
        <p data-done class="kontor-waitlist__done" role="status" tabindex="-1"></p>`;
    }

    /* Our fields may stand inside the theme's own product form. They belong to a form of their
       own all the same, at the end of the page, so that neither sends what is the other's. */
    join() {
      const { signal } = this.leaving;
      this.form = document.createElement("form");
      this.form.id = `kontor-waitlist-form-${(made += 1)}`;
      this.form.noValidate = true;
      this.form.hidden = true;
      document.body.append(this.form);
      for (const name of ["email", "send", "trap"]) this.find(name).setAttribute("form", this.form.id);
      const send = (event) => {
        event.preventDefault();
        this.send();
      };
      this.form.addEventListener("submit", send, { signal });
      this.addEventListener("focusin", () => this.prepare().catch(() => {}), { signal });
      this.find("email").addEventListener("input", () => this.complain(""), { signal });
    }

    /* Which variant is chosen: by the product form's `id`, which Shopify's product form must have,
       by `?variant=` in the address, Shopify's link to a variant, and by the events above. */
    follow() {
      const { signal } = this.leaving;
      const later = () => LOOK_AGAIN.forEach((after) => setTimeout(() => this.read(), after));
      for (const name of ["change", "click"]) document.addEventListener(name, later, { signal });
      addEventListener("popstate", later, { signal });
      document.addEventListener(SELECT, (event) => this.selected(event), { signal });
      const told = ({ detail }) => this.choose(numberOf((detail?.variant ?? detail?.resource)?.id));
      for (const name of THEMES) document.addEventListener(name, told, { signal });
      this.read();
    }

    async selected(event) {
      const found = await Promise.resolve(event.promise).catch(() => undefined);
      if (found?.variant) this.choose(numberOf(found.variant.id));
      else if (found && numberOf(event.product?.id) === this.dataset.product) this.choose("none");
    }

    /* Each place counts when something new stands there: another may be late, or never follow. */
    read() {
      if (!this.isConnected) return;
      const inputs = document.querySelectorAll("form[action*='/cart/add'] [name='id']");
      const places = [new URLSearchParams(location.search).get("variant"), ...[...inputs].map((one) => one.value)];
      const fresh = places.filter((id, place) => id && this.knows(id) && id !== this.seen[place]);
      this.seen = places;
      this.choose(fresh.pop());
    }

    knows(id) {
      return !this.stock || Object.hasOwn(this.stock, id);
    }

    /* An id of another product says nothing about this one. */
    choose(id) {
      if (!id || id === this.variant || (id !== "none" && !this.knows(id))) return;
      this.variant = id;
      this.done("");
      this.complain("");
      this.look();
      if (this.asked) this.prepare().catch(() => {});
    }

    get soldOut() {
      if ("preview" in this.dataset) return true;
      if (this.stock) return this.stock[this.variant] === false;
      return Boolean(this.variant) && this.variant !== "none";
    }

    look() {
      this.toggleAttribute("data-out", this.soldOut);
    }

    /* The server signs the form when the shopper comes to it: only people take a while to fill it in. */
    prepare() {
      const { variant } = this;
      if (!this.soldOut) return Promise.reject(new Error("not sold out"));
      if (this.asked?.variant !== variant) {
        const query = new URLSearchParams({ variant, locale: this.language });
        const answer = ask(`${this.dataset.kontor}/form?${query}`).then((told) => {
          if (!told.ok) throw Object.assign(new Error("refused"), { told: told.message });
          if (told.text && this.variant === variant) this.find("text").textContent = told.text;
          return told.form;
        });
        answer.catch(() => (this.asked = { variant: "" }));
        this.asked = { variant, answer };
      }
      return this.asked.answer;
    }

    async send() {
      const input = this.find("email");
      const email = input.value.trim();
      if (this.sending) return;
      if (!email || !input.validity.valid) {
        this.complain(this.words.invalid);
        return;
      }
      this.busy(true);
      const { variant } = this;
      try {
        const form = await this.prepare();
        const told = { variant, email, locale: this.language, form, website: this.find("trap").value };
        const body = new URLSearchParams(told);
        const answer = await ask(this.dataset.kontor, { method: "POST", body });
        if (variant !== this.variant) return;
        if (answer.ok) this.done(answer.message);
        else this.complain(answer.message || this.words.failed);
        if (answer.state === "old") this.renew();
      } catch (error) {
        this.complain(error.told || this.words.failed);
      } finally {
        this.busy(false);
      }
    }

    renew() {
      this.asked = { variant: "" };
      this.prepare().catch(() => {});
    }

    busy(is) {
      this.sending = is;
      this.find("send").setAttribute("aria-disabled", String(is));
    }

    complain(message) {
      const input = this.find("email");
      this.find("error").textContent = message;
      input.setAttribute("aria-invalid", String(Boolean(message)));
      if (message) input.focus();
    }

    done(message) {
      const told = this.find("done");
      told.textContent = message || "";
      this.toggleAttribute("data-told", Boolean(message));
      if (message) told.focus();
    }
  }

  customElements.define("kontor-waitlist", Waitlist);
})();
