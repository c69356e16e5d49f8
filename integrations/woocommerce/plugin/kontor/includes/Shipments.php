<?php

declare(strict_types=1);

namespace Kontor;

/**
 * Tells Kontor when an order was handed to a carrier, where a tracking plugin keeps that: WooCommerce Shipment
 * Tracking and Advanced Shipment Tracking both write the same list.
 */
final class Shipments
{
    public const SHIPPED = 'kontor.shipped';

    private const META = '_wc_shipment_tracking_items';

    public static function hook(): void
    {
        // Orders kept as posts, and orders in tables of their own.
        add_action('added_post_meta', [self::class, 'written'], 10, 4);
        add_action('updated_post_meta', [self::class, 'written'], 10, 4);
        add_action('woocommerce_update_order', [self::class, 'saved'], 10, 1);
    }

    /**
     * @param mixed $metaId
     * @param mixed $order
     * @param mixed $key
     * @param mixed $items
     */
    public static function written($metaId, $order, $key, $items): void
    {
        if ($key === self::META) {
            Guard::quietly(static function () use ($order, $items): void {
                self::tell((int) $order, $items);
            });
        }
    }

    /**
     * @param mixed $id
     */
    public static function saved($id): void
    {
        Guard::quietly(static function () use ($id): void {
            $order = wc_get_order((int) $id);
            $items = $order ? $order->get_meta(self::META) : '';
            if (is_array($items) && $items !== []) {
                self::tell((int) $id, $items);
            }
        });
    }

    /**
     * When the first parcel left is all that is told, and once for each moment.
     *
     * @param mixed $items
     */
    private static function tell(int $order, $items): void
    {
        $dates = array_filter(array_map('intval', array_column(is_array($items) ? $items : [], 'date_shipped')));
        if ($order < 1 || $dates === []) {
            return;
        }
        $known = 'kontor_shipped_' . $order;
        $first = min($dates);
        if ((int) get_transient($known) === $first) {
            return;
        }
        set_transient($known, $first, 30 * DAY_IN_SECONDS);
        Queue::add(self::SHIPPED, (string) $order, ['order_id' => $order, 'at' => Reporter::moment($first)]);
    }
}
