<?php

declare(strict_types=1);

namespace Kontor;

use WC_Product;

/**
 * On the page of a product that is sold out: the way to be told when it is back. The page itself calls nobody.
 */
final class SoldOut
{
    public static function hook(): void
    {
        add_action('woocommerce_single_product_summary', [self::class, 'show'], 31);
        add_filter('woocommerce_available_variation', [self::class, 'ofVariation'], 10, 3);
    }

    public static function show(): void
    {
        $product = $GLOBALS['product'] ?? null;
        if ($product instanceof WC_Product && !$product->is_type('variable') && !$product->is_in_stock()) {
            echo wp_kses_post(self::link((int) $product->get_id()));
        }
    }

    /**
     * WooCommerce shows this text once the shopper has chosen the variation.
     *
     * @param array<string, mixed> $told
     *
     * @return array<string, mixed>
     */
    public static function ofVariation(array $told, WC_Product $parent, WC_Product $variation): array
    {
        if (!$variation->is_in_stock()) {
            $said = (string) ($told['availability_html'] ?? '');
            $told['availability_html'] = $said . self::link((int) $variation->get_id());
        }
        return $told;
    }

    private static function link(int $variant): string
    {
        $connection = Connection::current();
        if ($connection === null) {
            return '';
        }
        $url = add_query_arg(
            ['variant' => $variant, 'lang' => substr(determine_locale(), 0, 2)],
            $connection->address . '/s/' . $connection->merchant . '/waitlist'
        );
        $text = esc_html__('Tell me when it is back', 'kontor');
        $link = '<a class="button" rel="nofollow" href="' . esc_url($url) . '">' . $text . '</a>';
        return '<p class="kontor-waitlist">' . $link . '</p>';
    }
}
