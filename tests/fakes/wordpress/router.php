<?php

/**
 * The site's front for `php -S`: pages of the shop and of its admin, in which the plugin is active.
 *
 * The web server before it has checked who calls: X-User is who is signed in, or whose keys were used.
 */

declare(strict_types=1);

require __DIR__ . '/wordpress.php';
require __DIR__ . '/woocommerce.php';
require getenv('KONTOR_PLUGIN') . '/kontor.php';

$path = (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$GLOBALS['user'] = (int) ($_SERVER['HTTP_X_USER'] ?? 0);
$GLOBALS['locale'] = $_SERVER['HTTP_X_LOCALE'] ?? $GLOBALS['locale'];

do_action('before_woocommerce_init');
do_action('plugins_loaded');
do_action('init');
do_action('woocommerce_init');

ob_start();
try {
    answer($path);
} catch (Ended $ended) {
    // What was to be said is said.
}
do_action('shutdown');
ob_end_flush();

function answer(string $path): void
{
    if (strpos($path, '/wp-json/') === 0) {
        $params = json_decode((string) file_get_contents('php://input'), true);
        [$status, $said] = rest_answer($_SERVER['REQUEST_METHOD'], substr($path, strlen('/wp-json/')), $params);
        header('Content-Type: application/json; charset=UTF-8', true, $status);
        echo json_encode($said);
        return;
    }
    if (strpos($path, '/wp-content/plugins/kontor/') === 0) {
        asset(substr($path, strlen('/wp-content/plugins/kontor/')));
        return;
    }
    if ($path === '/wp-cron.php') {
        echo run_what_is_due((int) ($_GET['ahead'] ?? 0));
        return;
    }
    if (strpos($path, '/wp-admin/') === 0) {
        admin(substr($path, strlen('/wp-admin/')));
        return;
    }
    shop($path);
}

function asset(string $name): void
{
    $kinds = ['js' => 'text/javascript', 'css' => 'text/css'];
    header('Content-Type: ' . $kinds[pathinfo($name, PATHINFO_EXTENSION)]);
    echo file_get_contents(getenv('KONTOR_PLUGIN') . '/' . $name);
}

function admin(string $file): void
{
    if ($GLOBALS['user'] === 0) {
        wp_redirect(home_url('/wp-login.php'));
    }
    if ($file === 'admin-ajax.php') {
        do_action('wp_ajax_' . $_POST['action']);
        return;
    }
    if ($file === 'admin-post.php') {
        do_action('admin_post_' . $_POST['action']);
        return;
    }
    do_action('admin_menu');
    do_action('admin_init');
    [$right, $show] = $GLOBALS['menu'][$_GET['page']];
    if (!current_user_can($right)) {
        wp_die('Sorry, you are not allowed to access this page.', '', ['response' => 403]);
    }
    do_action('admin_enqueue_scripts', 'toplevel_page_' . $_GET['page']);
    echo '<!doctype html><html><head><meta charset="utf-8"><title>Admin</title></head><body>';
    $show();
    scripts();
    echo '</body></html>';
}

function shop(string $path): void
{
    $visitor = $_COOKIE['visitor'] ?? '';
    if (!preg_match('/^[0-9a-f]{16}$/', $visitor)) {
        $visitor = bin2hex(random_bytes(8));
        header('Set-Cookie: visitor=' . $visitor . '; Path=/; HttpOnly');
    }
    WC()->visitedBy($visitor);
    if (isset($_GET['wc-ajax'])) {
        do_action('wc_ajax_' . $_GET['wc-ajax']);
        return;
    }
    if (isset($_GET['add-to-cart'])) {
        WC()->cart->add_to_cart((int) $_GET['add-to-cart'], (int) ($_GET['quantity'] ?? 1));
    }
    do_action('template_redirect');
    $GLOBALS['is_checkout'] = $path === '/checkout/';
    if (preg_match('~^/product/(\d+)/$~', $path, $parts)) {
        $GLOBALS['product'] = wc_get_product((int) $parts[1]);
    }
    do_action('wp_enqueue_scripts');
    echo '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title></head><body>';
    foreach (WC()->cart->get_cart() as $item) {
        echo '<p class="in-cart">' . $item['quantity'] . ' of ' . esc_html($item['data']->get_title()) . '</p>';
    }
    if ($GLOBALS['is_checkout']) {
        echo '<form><label>E-mail <input type="email" id="billing_email" name="billing_email"></label>';
        do_action('woocommerce_after_checkout_billing_form', null);
        echo '</form>';
    }
    if (isset($GLOBALS['product'])) {
        do_action('woocommerce_single_product_summary');
    }
    scripts();
    echo '</body></html>';
}

function scripts(): void
{
    foreach ($GLOBALS['scripts'] as $one) {
        echo '<script>' . $one['before'] . '</script><script src="' . esc_url($one['url']) . '"></script>';
    }
}
