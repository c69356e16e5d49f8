<?php

declare(strict_types=1);

namespace KontorTests;

use Kontor\Reporter;
use Kontor\Restore;
use WC_Order;

return [
    'a guest who has not agreed is told of to nobody' => static function (): void {
        connect();
        WC()->cart->add_to_cart(11, 2);
        page_ends();
        same([], waiting());
    },
    'a robot without a session is nobody' => static function (): void {
        connect();
        WC()->session = null;
        Reporter::note();
        page_ends();
        same([], waiting());
    },
    'a customer who is signed in is told of by her number alone' => static function (): void {
        connect();
        comes('', 7);
        WC()->cart->add_to_cart(11, 2);
        page_ends();
        [[$topic, $cart]] = waiting();
        same('kontor.cart', $topic);
        same([7, '25.00', 'EUR', 'en-US'], [$cart['customer_id'], $cart['total'], $cart['currency'], $cart['locale']]);
        same(false, isset($cart['email']) || isset($cart['first_name']) || isset($cart['country']));
    },
    'whoever agreed is told of with her address, and every line as the shop shows it' => static function (): void {
        connect();
        WC()->customer->firstName = 'Eve';
        WC()->cart->add_to_cart(11, 2);
        WC()->cart->add_to_cart(20, 1, 21, ['attribute_size' => 'S']);
        same(200, agrees('eve@example.test'));
        [[$first, $consent], [$second, $cart]] = waiting();
        same(['kontor.consent', 'kontor.cart'], [$first, $second]);
        same(['eve@example.test', true, TOLD['wording']['en']], [$consent['email'], $consent['agreed'], $consent['text']]);
        same(['eve@example.test', 'Eve', 'DE'], [$cart['email'], $cart['first_name'], $cart['country']]);
        $shirt = $cart['lines'][1];
        same([20, 21, 'T-Shirt', 'Size: S', '20.00'], [
            $shirt['product_id'], $shirt['variation_id'], $shirt['name'], $shirt['variant'], $shirt['price'],
        ]);
    },
    'what is told once is not told again until it changes' => static function (): void {
        connect();
        comes('', 7);
        WC()->cart->add_to_cart(11);
        page_ends();
        kontor_answers(200);
        run_what_is_due();
        Reporter::note();
        page_ends();
        same([], waiting());
        WC()->cart->add_to_cart(11);
        page_ends();
        same(['kontor.cart'], topics());
    },
    'a cart that was emptied is told of as empty, and begins no new one' => static function (): void {
        connect();
        comes('', 7);
        WC()->cart->add_to_cart(11);
        page_ends();
        $name = waiting()[0][1]['id'];
        WC()->cart->empty_cart();
        page_ends();
        same([[], '0', $name], [waiting()[0][1]['lines'], waiting()[0][1]['total'], waiting()[0][1]['id']]);
        comes('', 7);
        WC()->cart->empty_cart();
        page_ends();
        same(1, count(waiting()));
    },
    'the order names its cart, and what comes after it is another' => static function (): void {
        connect();
        comes('', 7);
        WC()->cart->add_to_cart(11);
        page_ends();
        $name = waiting()[0][1]['id'];
        $order = new WC_Order(5);
        do_action('woocommerce_checkout_create_order', $order);
        same($name, $order->get_meta('_kontor_cart'));
        do_action('woocommerce_checkout_order_processed', 5);
        WC()->cart->empty_cart();
        page_ends();
        same(1, count(waiting()));
        same('', visitor()->cart);
        same(false, visitor()->agreed);
    },
    'the draft of the block checkout is saved once' => static function (): void {
        connect();
        comes('', 7);
        WC()->cart->add_to_cart(11);
        page_ends();
        $draft = new WC_Order(5);
        do_action('woocommerce_store_api_checkout_update_order_meta', $draft);
        do_action('woocommerce_store_api_checkout_update_order_meta', $draft);
        same([1, visitor()->cart], [$draft->saves, $draft->get_meta('_kontor_cart')]);
    },
    'a link brings the cart back to whoever follows it, and signs nobody in' => static function (): void {
        connect();
        comes('', 7);
        WC()->cart->add_to_cart(11, 2);
        WC()->cart->add_to_cart(20, 1, 21, ['attribute_size' => 'S']);
        page_ends();
        $link = waiting()[0][1]['url'];
        $name = visitor()->cart;
        comes();
        $_GET = ['kontor-cart' => substr($link, strlen('https://shop.example/?kontor-cart='))];
        $where = ends([Restore::class, 'follow'])->getMessage();
        same('https://shop.example/checkout/', $where);
        same([2.0, 1.0], array_values(array_column(WC()->cart->get_cart(), 'quantity')));
        same([0, '', $name], [get_current_user_id(), visitor()->cart, visitor()->restored]);
        $order = new WC_Order(6);
        do_action('woocommerce_checkout_create_order', $order);
        same($name, $order->get_meta('_kontor_cart'));
    },
    'what is in the cart already stays, what is gone is left out, and of what is scarce comes the rest' => static function (): void {
        connect();
        \Kontor\Carts::keep(str_repeat('a', 32), [
            ['product' => 11, 'variation' => 0, 'quantity' => 50, 'attributes' => []],
            ['product' => 12, 'variation' => 0, 'quantity' => 3, 'attributes' => []],
            ['product' => 13, 'variation' => 0, 'quantity' => 1, 'attributes' => []],
            ['product' => 99, 'variation' => 0, 'quantity' => 1, 'attributes' => []],
        ], time());
        WC()->cart->add_to_cart(12, 1);
        $_GET = ['kontor-cart' => explode('=', Restore::link(str_repeat('a', 32)))[1]];
        ends([Restore::class, 'follow']);
        $found = array_column(WC()->cart->get_cart(), 'quantity', 'product_id');
        same([12 => 1, 11 => 10.0], $found);
    },
    'a link that we did not sign brings nothing back' => static function (): void {
        connect();
        \Kontor\Carts::keep(str_repeat('a', 32), [['product' => 11, 'quantity' => 1]], time());
        $good = explode('=', Restore::link(str_repeat('a', 32)))[1];
        $other = str_replace('aaaa', 'aaab', $good);
        foreach ([$other, substr($good, 0, -1), $good . '0', 'x', str_repeat('b', 32) . '.' . str_repeat('0', 64)] as $bad) {
            $_GET = ['kontor-cart' => $bad];
            same('https://shop.example/shop/', ends([Restore::class, 'follow'])->getMessage());
            same(true, WC()->cart->is_empty());
        }
        same(5, count($GLOBALS['notices']));
    },
    'old carts are forgotten' => static function (): void {
        \Kontor\Carts::keep(str_repeat('a', 32), [], time() - \Kontor\Carts::KEPT - 60);
        \Kontor\Carts::keep(str_repeat('b', 32), [], time());
        do_action('kontor_tidy');
        same([null, []], [\Kontor\Carts::lines(str_repeat('a', 32)), \Kontor\Carts::lines(str_repeat('b', 32))]);
    },
];
