<?php

/**
 * What the plugin uses of WooCommerce: a session, a cart, products, orders and their hooks.
 */

declare(strict_types=1);

final class WooCommerce
{
    public $session;
    public $cart;
    public $customer;

    public function visitedBy(string $visitor): void
    {
        $this->session = new StandInSession($visitor);
        $this->customer = new StandInCustomer();
        $this->cart = new StandInCart($this->session);
    }
}

function WC(): WooCommerce
{
    static $one;
    return $one = $one ?? new WooCommerce();
}

final class StandInSession
{
    private $visitor;
    private $kept;

    public function __construct(string $visitor)
    {
        global $wpdb;
        $this->visitor = $visitor;
        $found = $wpdb->get_var($wpdb->prepare('SELECT value FROM sessions WHERE name = %s', $visitor));
        $this->kept = $found === null ? [] : unserialize($found);
        add_action('shutdown', [$this, 'save'], 20);
    }

    public function get(string $name, $default = null)
    {
        return $this->kept[$name] ?? $default;
    }

    public function set(string $name, $value): void
    {
        $this->kept[$name] = $value;
    }

    public function save(): void
    {
        global $wpdb;
        $wpdb->replace('sessions', ['name' => $this->visitor, 'value' => serialize($this->kept)]);
    }
}

final class StandInCustomer
{
    public $country = 'DE';
    public $firstName = '';

    public function get_billing_country(): string
    {
        return $this->country;
    }

    public function get_billing_first_name(): string
    {
        return $this->firstName;
    }
}

class WC_Product
{
    private $told;

    public function __construct(array $told)
    {
        $this->told = $told + ['id' => 0, 'name' => '', 'price' => 0, 'stock' => null, 'parent' => 0, 'option' => ''];
    }

    public function get_id(): int
    {
        return $this->told['id'];
    }

    public function get_title(): string
    {
        return $this->told['name'];
    }

    public function get_price(): float
    {
        return (float) $this->told['price'];
    }

    public function get_sku(): string
    {
        return 'SKU-' . $this->told['id'];
    }

    public function get_image_id(): int
    {
        return $this->told['id'];
    }

    public function get_permalink(): string
    {
        return home_url('/product/' . $this->told['id'] . '/');
    }

    public function option(): string
    {
        return $this->told['option'];
    }

    public function is_type(string $type): bool
    {
        return ($this->told['type'] ?? ($this->told['parent'] ? 'variation' : 'simple')) === $type;
    }

    public function is_purchasable(): bool
    {
        return $this->told['price'] !== null;
    }

    public function is_in_stock(): bool
    {
        return $this->told['stock'] === null || $this->told['stock'] > 0;
    }

    public function get_max_purchase_quantity(): int
    {
        return $this->told['stock'] ?? -1;
    }
}

function wc_get_product(int $id)
{
    foreach (SITE['products'] ?? [] as $told) {
        if ($told['id'] === $id) {
            return new WC_Product($told);
        }
    }
    return false;
}

function wc_get_formatted_variation(WC_Product $product, bool $flat, bool $names): string
{
    return $product->option();
}

final class StandInCart
{
    private $session;

    public function __construct(StandInSession $session)
    {
        $this->session = $session;
    }

    public function get_cart(): array
    {
        $items = [];
        foreach ($this->session->get('cart', []) as $key => $item) {
            $product = wc_get_product($item['variation_id'] ?: $item['product_id']);
            $sum = $product->get_price() * $item['quantity'];
            $items[$key] = $item + ['data' => $product, 'line_subtotal' => $sum, 'line_subtotal_tax' => 0];
        }
        return $items;
    }

    public function get_total(string $context): string
    {
        return (string) array_sum(array_column($this->get_cart(), 'line_subtotal'));
    }

    public function display_prices_including_tax(): bool
    {
        return true;
    }

    public function is_empty(): bool
    {
        return $this->session->get('cart', []) === [];
    }

    public function generate_cart_id(int $product, int $variation, array $attributes): string
    {
        return md5(json_encode([$product, $variation, $attributes]));
    }

    public function find_product_in_cart(string $key): string
    {
        return isset($this->session->get('cart', [])[$key]) ? $key : '';
    }

    public function add_to_cart(int $product, $quantity = 1, int $variation = 0, array $attributes = [])
    {
        $key = $this->generate_cart_id($product, $variation, $attributes);
        $items = $this->session->get('cart', []);
        $item = ['product_id' => $product, 'variation_id' => $variation, 'variation' => $attributes];
        $items[$key] = $item + ['quantity' => ($items[$key]['quantity'] ?? 0) + $quantity];
        $this->session->set('cart', $items);
        do_action('woocommerce_cart_updated');
        return $key;
    }

    public function remove_cart_item(string $key): void
    {
        $items = $this->session->get('cart', []);
        unset($items[$key]);
        $this->session->set('cart', $items);
        do_action('woocommerce_cart_updated');
    }

    public function empty_cart(): void
    {
        $this->session->set('cart', []);
        do_action('woocommerce_cart_emptied');
    }
}

class WC_Order
{
    private $id;
    private $meta;
    private $told;
    public $saves = 0;

    public function __construct(int $id = 0, array $meta = [], array $told = [])
    {
        [$this->id, $this->meta, $this->told] = [$id, $meta, $told];
    }

    public function get_id(): int
    {
        return $this->id;
    }

    public function get_meta(string $name)
    {
        return $this->meta[$name] ?? '';
    }

    public function update_meta_data(string $name, $value): void
    {
        $this->meta[$name] = $value;
    }

    public function save_meta_data(): void
    {
        $this->saves++;
    }

    public function get_billing_email(): string
    {
        return $this->told['email'] ?? '';
    }

    public function get_customer_id(): int
    {
        return $this->told['customer'] ?? 0;
    }
}

function wc_get_order(int $id)
{
    $order = $GLOBALS['orders'][$id] ?? false;
    return $order;
}

final class WC_AJAX
{
    public static function get_endpoint(string $name): string
    {
        return '/?wc-ajax=' . $name;
    }
}

final class StandInLog
{
    public function warning(string $what, array $context): void
    {
        $GLOBALS['logged'][] = $what;
    }
}

function wc_get_logger(): StandInLog
{
    return new StandInLog();
}

function wc_add_notice(string $text, string $kind): void
{
    $GLOBALS['notices'][] = $text;
}

function wc_get_checkout_url(): string
{
    return home_url('/checkout/');
}

function wc_get_page_permalink(string $page): string
{
    return home_url("/$page/");
}

function wc_get_price_decimals(): int
{
    return 2;
}

function wc_string_to_bool(string $text): bool
{
    return in_array(strtolower($text), ['1', 'yes', 'true', 'on'], true);
}

function get_woocommerce_currency(): string
{
    return SITE['currency'] ?? 'EUR';
}

function is_checkout(): bool
{
    return $GLOBALS['is_checkout'] ?? false;
}

function is_product(): bool
{
    return isset($GLOBALS['product']);
}

function is_order_received_page(): bool
{
    return false;
}

function woocommerce_register_additional_checkout_field(array $told): void
{
    $GLOBALS['checkout_fields'][$told['id']] = $told;
}

// The Action Scheduler.

function as_next_scheduled_action(string $hook, array $arguments, string $group)
{
    return $GLOBALS['is_running'] ?? false ? true : wp_next_scheduled($hook);
}

function as_schedule_single_action(int $at, string $hook, array $arguments, string $group): void
{
    wp_schedule_single_event($at, $hook);
}

function as_unschedule_all_actions(string $hook, array $arguments, string $group): void
{
    wp_clear_scheduled_hook($hook);
}
