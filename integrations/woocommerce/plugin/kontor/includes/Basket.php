<?php

declare(strict_types=1);

namespace Kontor;

use WC_Product;

/**
 * WooCommerce's cart as it is this moment: as it is told to Kontor, and as it is kept for bringing it back.
 */
final class Basket
{
    /**
     * @return array<int, array<string, mixed>>
     */
    public static function told(): array
    {
        $lines = [];
        foreach (self::items() as $item) {
            $lines[] = self::line($item, $item['data']);
        }
        return $lines;
    }

    /**
     * @return array<int, array<string, mixed>>
     */
    public static function kept(): array
    {
        $lines = [];
        foreach (self::items() as $item) {
            $lines[] = [
                'product' => (int) $item['product_id'],
                'variation' => (int) $item['variation_id'],
                'quantity' => (float) $item['quantity'],
                'attributes' => array_filter((array) $item['variation'], 'is_string'),
            ];
        }
        return $lines;
    }

    public static function total(): string
    {
        return self::amount((float) WC()->cart->get_total('edit'));
    }

    /**
     * @return array<int, array<string, mixed>>
     */
    private static function items(): array
    {
        if (!isset(WC()->cart) || !WC()->cart) {
            return [];
        }
        $items = array_values(WC()->cart->get_cart());
        return array_filter($items, static function ($item): bool {
            return isset($item['data']) && $item['data'] instanceof WC_Product;
        });
    }

    /**
     * @param array<string, mixed> $item
     *
     * @return array<string, mixed>
     */
    private static function line(array $item, WC_Product $product): array
    {
        $image = wp_get_attachment_image_url((int) $product->get_image_id(), 'woocommerce_thumbnail');
        return [
            'product_id' => (int) $item['product_id'],
            'variation_id' => (int) $item['variation_id'],
            'name' => wp_strip_all_tags($product->get_title()),
            'variant' => $product->is_type('variation') ? self::variant($product) : '',
            'quantity' => (float) $item['quantity'],
            'price' => self::price($item),
            'sku' => (string) $product->get_sku(),
            'image' => (string) $image,
            'url' => (string) $product->get_permalink(),
        ];
    }

    private static function variant(WC_Product $product): string
    {
        return wp_strip_all_tags((string) wc_get_formatted_variation($product, true, false));
    }

    /**
     * One piece as the shop shows it, before coupons.
     *
     * @param array<string, mixed> $item
     */
    private static function price(array $item): string
    {
        $sum = (float) ($item['line_subtotal'] ?? 0);
        if (WC()->cart->display_prices_including_tax()) {
            $sum += (float) ($item['line_subtotal_tax'] ?? 0);
        }
        return self::amount($sum / max((float) $item['quantity'], 1.0));
    }

    private static function amount(float $amount): string
    {
        return number_format($amount, wc_get_price_decimals(), '.', '');
    }
}
