<?php

declare(strict_types=1);

namespace Kontor;

use WC_Product;

/**
 * On the page of a product that is sold out: the way to be told when it is back. It is a link to Kontor, of which the
 * script makes a form in its place once the shopper follows it; before that nobody is called.
 */
final class SoldOut
{
    public static function hook(): void
    {
        add_action('woocommerce_single_product_summary', [self::class, 'show'], 31);
        add_filter('woocommerce_available_variation', [self::class, 'ofVariation'], 10, 3);
        add_action('wp_enqueue_scripts', [self::class, 'enqueue']);
    }

    public static function show(): void
    {
        $product = $GLOBALS['product'] ?? null;
        if ($product instanceof WC_Product && !$product->is_type('variable') && !$product->is_in_stock()) {
            echo wp_kses_post(self::link((int) $product->get_id()));
        }
    }

    /**
     * WooCommerce shows this text once the shopper has chosen the variation. It stands in the product's own form.
     *
     * @param array<string, mixed> $told
     *
     * @return array<string, mixed>
     */
    public static function ofVariation(array $told, WC_Product $parent, WC_Product $variation): array
    {
        if ($parent->is_type('variable') && !$variation->is_in_stock()) {
            $said = (string) ($told['availability_html'] ?? '');
            $told['availability_html'] = $said . self::link((int) $variation->get_id());
        }
        return $told;
    }

    public static function enqueue(): void
    {
        if (Connection::current() === null || !is_product()) {
            return;
        }
        wp_enqueue_script('kontor-waitlist', Plugin::asset('waitlist.js'), [], Plugin::VERSION, true);
        $words = [
            'email' => __('E-mail address', 'kontor'),
            'button' => __('Tell me', 'kontor'),
            'trap' => __('Please leave this empty', 'kontor'),
            'failed' => __('That did not work just now. Please try again in a moment.', 'kontor'),
        ];
        $json = (string) wp_json_encode($words, JSON_HEX_TAG | JSON_HEX_AMP);
        wp_add_inline_script('kontor-waitlist', 'window.kontorWaitlist = ' . $json . ';', 'before');
    }

    private static function link(int $variant): string
    {
        $connection = Connection::current();
        if ($connection === null) {
            return '';
        }
        $url = add_query_arg(
            ['variant' => $variant, 'locale' => str_replace('_', '-', determine_locale())],
            $connection->address . '/s/' . $connection->merchant . '/waitlist'
        );
        $text = esc_html__('Tell me when it is back', 'kontor');
        $link = '<a class="button kontor-waitlist-link" rel="nofollow" href="' . esc_url($url) . '">' . $text . '</a>';
        return '<p class="kontor-waitlist">' . $link . '</p>';
    }
}
