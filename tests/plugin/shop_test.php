<?php

declare(strict_types=1);

namespace KontorTests;

use Kontor\Install;
use Kontor\SoldOut;
use WC_Order;
use WC_Product;

const PARCELS = [
    ['tracking_number' => 'B', 'date_shipped' => '1800100000'],
    ['tracking_number' => 'A', 'date_shipped' => '1800000000'],
];

return [
    'a parcel noted with an order kept as a post is told of, once' => static function (): void {
        connect();
        do_action('updated_post_meta', 1, 5, '_wc_shipment_tracking_items', PARCELS);
        do_action('updated_post_meta', 1, 5, '_wc_shipment_tracking_items', PARCELS);
        [[$topic, $told]] = waiting();
        same(['kontor.shipped', 5, '2027-01-15T08:00:00Z'], [$topic, $told['order_id'], $told['at']]);
        lacks('tracking', (string) json_encode($told));
        kontor_answers(200);
        run_what_is_due();
        do_action('updated_post_meta', 1, 5, '_wc_shipment_tracking_items', PARCELS);
        do_action('updated_post_meta', 1, 5, '_other', PARCELS);
        same([], waiting());
    },
    'and one noted with an order in a table of its own' => static function (): void {
        connect();
        $GLOBALS['orders'] = [6 => new WC_Order(6, ['_wc_shipment_tracking_items' => PARCELS]), 7 => new WC_Order(7)];
        foreach ([6, 6, 7, 8] as $order) {
            do_action('woocommerce_update_order', $order);
        }
        same([6], array_column(array_column(waiting(), 1), 'order_id'));
    },
    'what a tracking plugin misspells is left alone' => static function (): void {
        connect();
        foreach (['', 'x', [], [[]], [['date_shipped' => '']], [['date_shipped' => 'soon']], ['x']] as $items) {
            do_action('added_post_meta', 1, 5, '_wc_shipment_tracking_items', $items);
        }
        same([], waiting());
    },
    'a product that is sold out leads to the sign-up, and one in stock does not' => static function (): void {
        connect();
        $GLOBALS['product'] = wc_get_product(13);
        $shown = html_entity_decode(shown([SoldOut::class, 'show']));
        has('https://kontor.example/s/merchant_key/waitlist?variant=13&locale=en-US', $shown);
        $GLOBALS['product'] = wc_get_product(11);
        same('', shown([SoldOut::class, 'show']));
        $GLOBALS['product'] = wc_get_product(20);
        same('', shown([SoldOut::class, 'show']));
    },
    'so does the variation that the shopper has chosen' => static function (): void {
        connect();
        $told = ['availability_html' => '<p>Out of stock</p>'];
        $parent = wc_get_product(20);
        $sold = apply_filters('woocommerce_available_variation', $told, $parent, wc_get_product(22));
        has('variant=22', $sold['availability_html']);
        has('<p>Out of stock</p>', $sold['availability_html']);
        same($told, apply_filters('woocommerce_available_variation', $told, $parent, wc_get_product(21)));
    },
    'its script is loaded on a product\'s page alone' => static function (): void {
        connect();
        do_action('wp_enqueue_scripts');
        same([], $GLOBALS['scripts']);
        $GLOBALS['product'] = wc_get_product(13);
        do_action('wp_enqueue_scripts');
        same(['kontor-waitlist'], array_keys($GLOBALS['scripts']));
    },
    'without a connection the page stays as it is' => static function (): void {
        $GLOBALS['product'] = wc_get_product(13);
        same('', shown([SoldOut::class, 'show']));
    },
    'deleted, nothing of it stays' => static function (): void {
        global $wpdb;
        connect();
        \Kontor\Address::keep('https://kontor.example');
        \Kontor\Queue::add('kontor.cart', 'a', []);
        kontor_answers(0);
        \Kontor\Sender::run();
        same(true, (int) $wpdb->get_var("SELECT COUNT(*) FROM options WHERE name LIKE 'kontor%'") >= 4);
        Install::removeEverywhere();
        same(0, (int) $wpdb->get_var("SELECT COUNT(*) FROM options WHERE name LIKE 'kontor%'"));
        same(0, (int) $wpdb->get_var("SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'wp_kontor%'"));
        same(0, (int) $wpdb->get_var("SELECT COUNT(*) FROM later WHERE hook LIKE 'kontor%' AND ran IS NULL"));
    },
    'switched off, nothing is done any more, and on again it goes on' => static function (): void {
        connect();
        \Kontor\Queue::add('kontor.cart', 'a', []);
        do_action('deactivate');
        same(false, wp_next_scheduled('kontor_send') || wp_next_scheduled('kontor_tidy'));
        do_action('activate');
        do_action('kontor_tidy');
        same(true, wp_next_scheduled('kontor_send') !== false);
        same(1, \Kontor\Queue::count());
    },
    'its links outlive being connected anew' => static function (): void {
        $before = \Kontor\Restore::link(str_repeat('a', 32));
        connect();
        connect(['secret' => str_repeat('ab', 32)]);
        do_action('activate');
        same($before, \Kontor\Restore::link(str_repeat('a', 32)));
    },
];
