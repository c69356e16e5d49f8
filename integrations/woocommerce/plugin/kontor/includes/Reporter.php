<?php

declare(strict_types=1);

namespace Kontor;

use WC_Order;

/**
 * Tells Kontor of carts: of whoever agreed, with the address; of customers who are signed in, by their number alone.
 */
final class Reporter
{
    public const CART = 'kontor.cart';
    public const META = '_kontor_cart';

    /** @var bool */
    private static $changed = false;

    public static function hook(): void
    {
        add_action('woocommerce_cart_updated', [self::class, 'note']);
        add_action('woocommerce_cart_emptied', [self::class, 'note']);
        // WooCommerce writes its session down at 20.
        add_action('shutdown', [self::class, 'report'], 10);
        add_action('woocommerce_checkout_create_order', [self::class, 'mark'], 20);
        add_action('woocommerce_store_api_checkout_update_order_meta', [self::class, 'markDraft'], 20);
        add_action('woocommerce_checkout_order_processed', [self::class, 'ordered'], 20);
        add_action('woocommerce_store_api_checkout_order_processed', [self::class, 'ordered'], 20);
    }

    public static function note(): void
    {
        self::$changed = true;
    }

    /**
     * Once for each page, whatever has changed on it.
     */
    public static function report(): void
    {
        if (self::$changed) {
            self::$changed = false;
            Guard::quietly([self::class, 'tell']);
        }
    }

    public static function tell(): void
    {
        $visitor = Visitor::current();
        $lines = Basket::told();
        $isKnown = $visitor !== null && ($visitor->agreed || get_current_user_id() > 0);
        if (!$isKnown || Connection::current() === null || ($lines === [] && $visitor->cart === '')) {
            return;
        }
        $whose = self::contact($visitor);
        $seen = md5((string) wp_json_encode([$lines, $whose]));
        if ($seen === $visitor->reported) {
            return;
        }
        $now = time();
        $visitor->cart = $visitor->cart ?: bin2hex(random_bytes(16));
        $visitor->started = $visitor->started ?: $now;
        $visitor->reported = $seen;
        Carts::keep($visitor->cart, Basket::kept(), $now);
        $visitor->keep();
        Queue::add(self::CART, $visitor->cart, $whose + [
            'id' => $visitor->cart,
            'started_at' => self::moment($visitor->started),
            'changed_at' => self::moment($now),
            'currency' => get_woocommerce_currency(),
            'total' => $lines === [] ? '0' : Basket::total(),
            'url' => Restore::link($visitor->cart),
            'locale' => str_replace('_', '-', determine_locale()),
            'lines' => $lines,
        ]);
    }

    /**
     * The order says which cart it was, so that nobody is reminded of it.
     */
    public static function mark(WC_Order $order): void
    {
        Guard::quietly(static function () use ($order): void {
            $visitor = Visitor::current();
            $cart = $visitor === null ? '' : ($visitor->cart ?: $visitor->restored);
            if ($cart !== '' && $order->get_meta(self::META) !== $cart) {
                $order->update_meta_data(self::META, $cart);
            }
        });
    }

    /**
     * The block checkout's draft is there already, and saved only by whoever changes it.
     */
    public static function markDraft(WC_Order $order): void
    {
        $before = $order->get_meta(self::META);
        self::mark($order);
        if ($order->get_meta(self::META) !== $before) {
            Guard::quietly([$order, 'save_meta_data']);
        }
    }

    public static function ordered(): void
    {
        Guard::quietly(static function (): void {
            $visitor = Visitor::current();
            if ($visitor !== null) {
                $visitor->beginAnew();
            }
            self::$changed = false;
        });
    }

    public static function moment(int $time): string
    {
        return gmdate('Y-m-d\TH:i:s\Z', $time);
    }

    /**
     * @return array<string, int|string>
     */
    private static function contact(Visitor $visitor): array
    {
        $told = ['customer_id' => get_current_user_id()];
        if (!$visitor->agreed) {
            return $told;
        }
        $customer = WC()->customer;
        return $told + [
            'email' => $visitor->email,
            'first_name' => $customer ? (string) $customer->get_billing_first_name() : '',
            'country' => $customer ? (string) $customer->get_billing_country() : '',
        ];
    }
}
