<?php

declare(strict_types=1);

namespace Kontor;

/**
 * The link that brings a cart back. It names one cart, is signed, and signs nobody in.
 */
final class Restore
{
    public const NAME = 'kontor-cart';

    public static function hook(): void
    {
        add_action('template_redirect', [self::class, 'follow'], 5);
    }

    public static function link(string $id): string
    {
        return add_query_arg(self::NAME, $id . '.' . self::signature($id), home_url('/'));
    }

    public static function follow(): void
    {
        $asked = Input::query(self::NAME);
        if ($asked === '') {
            return;
        }
        nocache_headers();
        $isBack = false;
        Guard::quietly(static function () use ($asked, &$isBack): void {
            $isBack = self::bringBack($asked);
        });
        if (!$isBack) {
            wc_add_notice(__('This cart can no longer be brought back. Have a look around.', 'kontor'), 'notice');
        }
        $target = $isBack ? wc_get_checkout_url() : wc_get_page_permalink('shop');
        wp_safe_redirect(add_query_arg(self::campaign(), $target));
        exit;
    }

    /**
     * The name of the cart that a link means; null where we have not signed it.
     */
    public static function named(string $asked): ?string
    {
        if (!preg_match('/^([0-9a-f]{32})\.([0-9a-f]{64})$/', $asked, $parts)) {
            return null;
        }
        return hash_equals(self::signature($parts[1]), $parts[2]) ? $parts[1] : null;
    }

    private static function bringBack(string $asked): bool
    {
        $id = self::named($asked);
        $lines = $id === null ? null : Carts::lines($id);
        if ($id === null || $lines === null || !WC()->cart || !WC()->session) {
            return false;
        }
        // A visitor who has no cart yet is remembered from now on.
        if (method_exists(WC()->session, 'set_customer_session_cookie')) {
            WC()->session->set_customer_session_cookie(true);
        }
        foreach ($lines as $line) {
            self::add($line);
        }
        $visitor = Visitor::current();
        if ($visitor !== null) {
            $visitor->restored = $id;
            $visitor->keep();
        }
        return !WC()->cart->is_empty();
    }

    /**
     * What is there already stays as it is; of what has become scarce she gets what is left.
     *
     * @param array<string, mixed> $line
     */
    private static function add(array $line): void
    {
        $product = (int) ($line['product'] ?? 0);
        $variation = (int) ($line['variation'] ?? 0);
        $attributes = array_filter((array) ($line['attributes'] ?? []), 'is_string');
        $sold = wc_get_product($variation ?: $product);
        $key = WC()->cart->generate_cart_id($product, $variation, $attributes);
        if (!$sold || !$sold->is_purchasable() || !$sold->is_in_stock() || WC()->cart->find_product_in_cart($key)) {
            return;
        }
        $most = (float) $sold->get_max_purchase_quantity();
        $wanted = max((float) ($line['quantity'] ?? 1), 0.0);
        WC()->cart->add_to_cart($product, $most > 0 ? min($wanted, $most) : $wanted, $variation, $attributes);
    }

    /**
     * What the mail says about where she comes from goes along.
     *
     * @return array<string, string>
     */
    private static function campaign(): array
    {
        $told = [];
        foreach (['utm_source', 'utm_medium', 'utm_campaign', 'utm_content'] as $name) {
            $value = Input::query($name);
            if ($value !== '') {
                $told[$name] = rawurlencode($value);
            }
        }
        return $told;
    }

    private static function signature(string $id): string
    {
        return hash_hmac('sha256', 'cart:' . $id, (string) get_option('kontor_link_key'));
    }
}
