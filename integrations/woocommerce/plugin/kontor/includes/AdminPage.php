<?php

declare(strict_types=1);

namespace Kontor;

/**
 * Kontor's page in the shop's admin: the way to connect, then Kontor's own pages in a frame.
 */
final class AdminPage
{
    private const PAGE = 'kontor';
    private const CONNECT = 'kontor-connect';
    private const TOKEN = 'kontor-token';

    public static function hook(): void
    {
        add_action('admin_menu', [self::class, 'addToMenu']);
        add_action('admin_enqueue_scripts', [self::class, 'enqueue']);
        add_action('admin_post_kontor_connect', [self::class, 'connect']);
        add_action('wp_ajax_kontor_token', [self::class, 'giveToken']);
    }

    public static function url(): string
    {
        return admin_url('admin.php?page=' . self::PAGE);
    }

    public static function addToMenu(): void
    {
        add_menu_page(
            'Kontor',
            'Kontor',
            'manage_woocommerce',
            self::PAGE,
            [self::class, 'show'],
            'dashicons-yes-alt',
            56
        );
    }

    public static function needsWooCommerce(): void
    {
        if (current_user_can('activate_plugins')) {
            $text = esc_html__('Kontor needs WooCommerce. Activate WooCommerce first.', 'kontor');
            echo '<div class="notice notice-error"><p>' . esc_html($text) . '</p></div>';
        }
    }

    public static function enqueue(string $hook): void
    {
        if ($hook !== 'toplevel_page_' . self::PAGE) {
            return;
        }
        wp_enqueue_style('kontor-admin', Plugin::asset('admin.css'), [], Plugin::VERSION);
        $connection = Connection::current();
        if ($connection === null) {
            return;
        }
        wp_enqueue_script('kontor-admin', Plugin::asset('admin.js'), [], Plugin::VERSION, true);
        $settings = [
            'url' => admin_url('admin-ajax.php'),
            'nonce' => wp_create_nonce(self::TOKEN),
            'origin' => $connection->address,
        ];
        $json = (string) wp_json_encode($settings, JSON_HEX_TAG | JSON_HEX_AMP);
        wp_add_inline_script('kontor-admin', 'window.kontorAdmin = ' . $json . ';', 'before');
    }

    public static function show(): void
    {
        if (!current_user_can('manage_woocommerce')) {
            wp_die(esc_html__('You may not see this page.', 'kontor'), '', ['response' => 403]);
        }
        $connection = Connection::current();
        echo '<div class="wrap kontor">';
        $connection === null ? self::showConnect() : self::showFrame($connection);
        echo '</div>';
    }

    /**
     * Off to Kontor with what it would ask for: the shop and who she is. What is typed there counts.
     */
    public static function connect(): void
    {
        check_admin_referer(self::CONNECT);
        if (!current_user_can('manage_woocommerce')) {
            wp_die(esc_html__('You may not see this page.', 'kontor'), '', ['response' => 403]);
        }
        $typed = Input::posted('address');
        $address = $typed === '' ? Address::known() : Address::typed($typed);
        if ($address === '') {
            wp_safe_redirect(add_query_arg('kontor-fault', '1', self::url()));
            exit;
        }
        Address::keep($address);
        $told = ['address' => home_url('/'), 'email' => wp_get_current_user()->user_email];
        $target = $address . '/connect/woocommerce?' . http_build_query($told);
        // The way leads out of this site, to the address that its owner has just given.
        wp_redirect(esc_url_raw($target));
        exit;
    }

    /**
     * A fresh token for the page in the frame, which asks for one whenever it needs it.
     */
    public static function giveToken(): void
    {
        $connection = Connection::current();
        if (!check_ajax_referer(self::TOKEN, 'nonce', false) || !current_user_can('manage_woocommerce')) {
            wp_send_json_error(null, 403);
        }
        if ($connection === null) {
            wp_send_json_error(null, 409);
        }
        nocache_headers();
        wp_send_json_success(['token' => Token::sign($connection, get_current_user_id(), time())]);
    }

    private static function showConnect(): void
    {
        $isFaulty = Input::query('kontor-fault') !== '';
        echo '<h1>Kontor</h1>';
        $intro = __('Kontor reminds people of carts they left, and says for every message why it was sent.', 'kontor');
        echo '<p>' . esc_html($intro) . '</p>';
        echo '<form method="post" action="' . esc_url(admin_url('admin-post.php')) . '">';
        echo '<input type="hidden" name="action" value="kontor_connect">';
        wp_nonce_field(self::CONNECT);
        if ($isFaulty || Address::known() === '') {
            self::showAddress($isFaulty);
        }
        submit_button(__('Connect this shop', 'kontor'));
        echo '</form>';
        $next = __('You approve in WooCommerce and confirm once in Kontor. After that you find Kontor here.', 'kontor');
        echo '<p class="description">' . esc_html($next) . '</p>';
    }

    private static function showAddress(bool $isFaulty): void
    {
        echo '<p><label for="kontor-address">' . esc_html__('Address of your Kontor', 'kontor') . '</label><br>';
        echo '<input class="regular-text" type="url" id="kontor-address" name="address" required';
        echo ' placeholder="https://kontor.example" value="' . esc_attr(Address::known()) . '"';
        echo $isFaulty ? ' aria-invalid="true" aria-describedby="kontor-fault"></p>' : '></p>';
        if ($isFaulty) {
            $fault = __('This is no address that begins with https://.', 'kontor');
            echo '<p id="kontor-fault" class="kontor-fault" role="alert">' . esc_html($fault) . '</p>';
        }
    }

    private static function showFrame(Connection $connection): void
    {
        $told = [
            'kontor_token' => Token::sign($connection, get_current_user_id(), time()),
            'lang' => substr(determine_locale(), 0, 2),
        ];
        $source = $connection->address . '/woocommerce?' . http_build_query($told);
        if (Sender::trouble() !== '') {
            $said = __('Kontor does not answer just now. What your shop has to tell is kept and sent later.', 'kontor');
            echo '<div class="notice notice-warning"><p>' . esc_html($said) . '</p></div>';
        }
        echo '<h1 class="screen-reader-text">Kontor</h1>';
        echo '<iframe id="kontor-frame" class="kontor-frame" title="Kontor" referrerpolicy="no-referrer"';
        echo ' src="' . esc_url($source) . '"></iframe>';
    }
}
