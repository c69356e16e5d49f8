<?php

declare(strict_types=1);

namespace KontorTests;

use Kontor\Agreement;
use WC_Order;

return [
    'the box is not ticked, and in the words that Kontor gave' => static function (): void {
        connect(['wording' => ['en' => 'May <we>?', 'de' => 'Dürfen wir?']]);
        $box = shown([Agreement::class, 'show']);
        has('type="checkbox"', $box);
        has('May', $box);
        lacks('<we>', $box);
        lacks('checked', $box);
        $GLOBALS['locale'] = 'de_AT';
        has('Dürfen wir?', shown([Agreement::class, 'show']));
        $GLOBALS['locale'] = 'fr_FR';
        has('May', shown([Agreement::class, 'show']));
    },
    'without a connection nothing is asked' => static function (): void {
        same('', shown([Agreement::class, 'show']));
        do_action('woocommerce_init');
        same([], $GLOBALS['checkout_fields']);
    },
    'the block checkout has the box beside the address' => static function (): void {
        connect();
        do_action('woocommerce_init');
        $field = $GLOBALS['checkout_fields']['kontor/agreed'];
        same(['contact', 'checkbox', false], [$field['location'], $field['type'], $field['required']]);
        same(TOLD['wording']['en'], $field['label']);
    },
    'only a page of ours may tell it, with the words of today and a cart' => static function (): void {
        connect();
        same(400, agrees('eve@example.test'));
        WC()->cart->add_to_cart(11);
        same(403, agrees('eve@example.test', true, ['nonce' => 'x']));
        same(400, agrees('eve@example.test', true, ['wording' => md5('other words')]));
        same(400, agrees('half@typed'));
        same([], waiting());
    },
    'a box that was never ticked says nothing' => static function (): void {
        connect();
        WC()->cart->add_to_cart(11);
        same(200, agrees('eve@example.test', false));
        same([], waiting());
    },
    'a tick taken back is told, and the address goes' => static function (): void {
        connect();
        WC()->cart->add_to_cart(11);
        agrees('eve@example.test');
        agrees('eve@example.test', false);
        $acts = array_values(array_filter(waiting(), static function (array $one): bool {
            return $one[0] === 'kontor.consent';
        }));
        same([true, false], array_column(array_column($acts, 1), 'agreed'));
        same(['', false], [visitor()->email, visitor()->agreed]);
    },
    'an address that is corrected takes the consent of the mistyped one back' => static function (): void {
        connect();
        WC()->cart->add_to_cart(11);
        agrees('eve@example.tes');
        agrees('eve@example.test');
        agrees('EVE@example.test');
        $acts = [];
        foreach (waiting() as [$topic, $told]) {
            if ($topic === 'kontor.consent') {
                $acts[] = [$told['email'], $told['agreed']];
            }
        }
        same([['eve@example.tes', true], ['eve@example.tes', false], ['eve@example.test', true]], $acts);
    },
    'nobody agrees for a whole list of addresses' => static function (): void {
        connect();
        WC()->cart->add_to_cart(11);
        for ($number = 0; $number < 9; $number++) {
            agrees("somebody$number@example.test");
        }
        same('somebody4@example.test', visitor()->email);
    },
    'where no script runs the box comes with the order' => static function (): void {
        connect();
        posted(['kontor_agreed' => '1']);
        do_action('woocommerce_checkout_create_order', new WC_Order(5, [], ['email' => 'eve@example.test']));
        same(['kontor.consent'], topics());
        posted([]);
        do_action('woocommerce_checkout_create_order', new WC_Order(6, [], ['email' => 'adam@example.test']));
        same(1, count(waiting()));
    },
    'the block checkout asks anew next time' => static function (): void {
        connect();
        update_option('user_7__wc_other/kontor/agreed', '1');
        $order = new WC_Order(5, ['_wc_other/kontor/agreed' => '1'], ['email' => 'eve@example.test', 'customer' => 7]);
        do_action('woocommerce_store_api_checkout_order_processed', $order);
        same(['kontor.consent'], topics());
        same(false, get_option('user_7__wc_other/kontor/agreed'));
        $without = new WC_Order(6, ['_wc_other/kontor/agreed' => '0'], ['email' => 'adam@example.test']);
        do_action('woocommerce_store_api_checkout_order_processed', $without);
        same(1, count(waiting()));
    },
    'the script is loaded at the checkout alone' => static function (): void {
        connect();
        do_action('wp_enqueue_scripts');
        same([], $GLOBALS['scripts']);
        $GLOBALS['is_checkout'] = true;
        do_action('wp_enqueue_scripts');
        same(['kontor-checkout'], array_keys($GLOBALS['scripts']));
        has('https://shop.example/', $GLOBALS['scripts']['kontor-checkout']['url']);
    },
];
