/*
 * Tells Kontor which variant was looked at or put into a cart, and nothing about who did it: no
 * address, no name, no page. Shopify runs it in a sandbox and only with the shopper's consent;
 * whoever takes that back while a page is open is not told of from then on.
 */
import { register } from "@shopify/web-pixels-extension";

// gid://shopify/ProductVariant/42, and carts that carry a key: gid://shopify/Cart/abc?key=1
const nameOf = (id) => (id ? String(id).split("/").pop().split("?")[0] : undefined);
const allows = (privacy) => Boolean(privacy?.analyticsProcessingAllowed && privacy?.marketingAllowed);

register(({ analytics, customerPrivacy, init, settings }) => {
  let allowed = allows(init.customerPrivacy);
  let cart = nameOf(init.data?.cart?.id);
  customerPrivacy.subscribe("visitorConsentCollected", (event) => {
    allowed = allows(event.customerPrivacy);
  });

  const tell = (kind, event, variant) => {
    if (!allowed) return;
    const told = { kind, product: nameOf(variant?.product?.id), variant: nameOf(variant?.id), cart };
    const body = JSON.stringify({ ...told, client: event.clientId });
    // Plain text asks for no leave first, and the answer is of no interest.
    fetch(settings.address, { method: "POST", body, keepalive: true, mode: "no-cors" }).catch(() => {});
  };

  analytics.subscribe("product_viewed", (event) => tell("viewed", event, event.data.productVariant));
  const changed = { product_added_to_cart: "added", product_removed_from_cart: "removed" };
  for (const [name, kind] of Object.entries(changed)) {
    analytics.subscribe(name, (event) => tell(kind, event, event.data.cartLine?.merchandise));
  }
  analytics.subscribe("cart_viewed", (event) => {
    cart = nameOf(event.data.cart?.id) ?? cart;
    tell("cart", event);
  });
});
