<?php

declare(strict_types=1);

namespace Kontor;

use WC_Order;

/**
 * The box by which a shopper agrees to be reminded: never ticked beforehand, in Kontor's words, in both checkouts.
 * What she has typed goes nowhere until she has ticked it.
 */
final class Agreement
{
    public const CONSENT = 'kontor.consent';

    private const FIELD = 'kontor/agreed';
    private const SAVED = '_wc_other/kontor/agreed';
    private const ACTION = 'kontor-agree';
    private const MOST_ADDRESSES = 5;

    public static function hook(): void
    {
        add_action('woocommerce_after_checkout_billing_form', [self::class, 'show']);
        add_action('woocommerce_init', [self::class, 'registerField']);
        add_action('wp_enqueue_scripts', [self::class, 'enqueue']);
        add_action('wc_ajax_kontor_agree', [self::class, 'take']);
        add_action('woocommerce_checkout_create_order', [self::class, 'takeWithOrder'], 10);
        add_action('woocommerce_store_api_checkout_order_processed', [self::class, 'takeWithBlockOrder'], 10);
    }

    /**
     * The classic checkout's box.
     */
    public static function show(): void
    {
        $connection = Connection::current();
        if ($connection === null) {
            return;
        }
        echo '<p class="form-row form-row-wide kontor-agree"><label class="checkbox" for="kontor-agreed">';
        echo '<input type="checkbox" class="input-checkbox" id="kontor-agreed" name="kontor_agreed" value="1"> ';
        echo '<span>' . esc_html($connection->wording()) . '</span></label></p>';
    }

    /**
     * The block checkout's box; WooCommerce has such fields since 8.9.
     */
    public static function registerField(): void
    {
        $connection = Connection::current();
        if ($connection === null || !function_exists('woocommerce_register_additional_checkout_field')) {
            return;
        }
        woocommerce_register_additional_checkout_field([
            'id' => self::FIELD,
            'label' => $connection->wording(),
            'location' => 'contact',
            'type' => 'checkbox',
            'required' => false,
        ]);
    }

    public static function enqueue(): void
    {
        $connection = Connection::current();
        if ($connection === null || !is_checkout() || is_order_received_page()) {
            return;
        }
        wp_enqueue_script('kontor-checkout', Plugin::asset('checkout.js'), [], Plugin::VERSION, true);
        $settings = [
            'url' => \WC_AJAX::get_endpoint('kontor_agree'),
            'nonce' => wp_create_nonce(self::ACTION),
            'wording' => md5($connection->wording()),
        ];
        $json = (string) wp_json_encode($settings, JSON_HEX_TAG | JSON_HEX_AMP);
        wp_add_inline_script('kontor-checkout', 'window.kontorCheckout = ' . $json . ';', 'before');
    }

    /**
     * The page tells that the box was ticked, or no longer is.
     */
    public static function take(): void
    {
        if (!check_ajax_referer(self::ACTION, 'nonce', false)) {
            wp_send_json_error(null, 403);
        }
        $connection = Connection::current();
        $email = sanitize_email(Input::posted('email'));
        $isOfThisPage = $connection !== null && hash_equals(md5($connection->wording()), Input::posted('wording'));
        if (!$isOfThisPage || !is_email($email) || Basket::told() === []) {
            wp_send_json_error(null, 400);
        }
        $isAgreed = Input::posted('agreed') === '1';
        Guard::quietly(static function () use ($email, $isAgreed): void {
            $isAgreed ? self::agree($email) : self::withdraw();
            Reporter::note();
        });
        wp_send_json_success();
    }

    /**
     * Where no script runs, the box comes with the order.
     */
    public static function takeWithOrder(WC_Order $order): void
    {
        // WooCommerce has checked its own nonce before it makes an order.
        if (Input::posted('kontor_agreed') === '1') {
            Guard::quietly(static function () use ($order): void {
                self::agree((string) $order->get_billing_email());
            });
        }
    }

    /**
     * The next order asks anew: WooCommerce would tick the box of a customer who has ticked it once.
     */
    public static function takeWithBlockOrder(WC_Order $order): void
    {
        Guard::quietly(static function () use ($order): void {
            if (wc_string_to_bool((string) $order->get_meta(self::SAVED))) {
                self::agree((string) $order->get_billing_email());
            }
            $user = (int) $order->get_customer_id();
            if ($user > 0) {
                delete_user_meta($user, self::SAVED);
            }
        });
    }

    /**
     * An address that is corrected takes its consent along: nobody has agreed for the mistyped one.
     */
    public static function agree(string $email): void
    {
        $visitor = Visitor::current();
        if ($visitor === null || !is_email($email) || $visitor->addresses >= self::MOST_ADDRESSES) {
            return;
        }
        if ($visitor->agreed && strcasecmp($visitor->email, $email) === 0) {
            return;
        }
        if ($visitor->agreed) {
            self::tell($visitor->email, false);
        }
        self::tell($email, true);
        $visitor->email = $email;
        $visitor->agreed = true;
        $visitor->addresses++;
        $visitor->keep();
    }

    /**
     * A box that was never ticked says nothing; one that is ticked no more takes back what it said.
     */
    private static function withdraw(): void
    {
        $visitor = Visitor::current();
        if ($visitor === null || !$visitor->agreed) {
            return;
        }
        self::tell($visitor->email, false);
        $visitor->email = '';
        $visitor->agreed = false;
        $visitor->keep();
    }

    private static function tell(string $email, bool $isAgreed): void
    {
        $connection = Connection::current();
        if ($connection === null) {
            return;
        }
        $act = bin2hex(random_bytes(16));
        Queue::add(self::CONSENT, $act, [
            'id' => $act,
            'email' => $email,
            'agreed' => $isAgreed,
            'at' => Reporter::moment(time()),
            'text' => $connection->wording(),
            'locale' => str_replace('_', '-', determine_locale()),
        ]);
    }
}
