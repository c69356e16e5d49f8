<?php

/**
 * The plugin's own tests, in plain PHP: each file beside this one returns sentences and what proves them. Every test
 * has a site of its own, in which the plugin is active.
 */

declare(strict_types=1);

namespace KontorTests;

error_reporting(E_ALL);
set_error_handler(static function (int $level, string $text, string $file, int $line): bool {
    if (!(error_reporting() & $level)) {
        return false;
    }
    throw new \ErrorException($text, 0, $level, $file, $line);
});

const FOLDER = __DIR__ . '/../../integrations/woocommerce/plugin/kontor';

$folder = sys_get_temp_dir() . '/kontor-plugin-' . bin2hex(random_bytes(6));
mkdir($folder);
putenv('WORDPRESS_FOLDER=' . $folder);
file_put_contents($folder . '/site.json', (string) json_encode([
    'home' => 'https://shop.example',
    'users' => [
        1 => ['email' => 'owner@shop.example', 'can' => ['manage_woocommerce', 'activate_plugins']],
        7 => ['email' => 'eve@example.test', 'can' => ['read']],
    ],
    'products' => [
        ['id' => 11, 'name' => 'Blue Mug', 'price' => 12.5, 'stock' => 10],
        ['id' => 12, 'name' => 'Poster', 'price' => 8.0],
        ['id' => 13, 'name' => 'Sold <b>out</b>', 'price' => 5.0, 'stock' => 0],
        ['id' => 21, 'name' => 'T-Shirt', 'price' => 20.0, 'parent' => 20, 'option' => 'Size: S'],
        ['id' => 22, 'name' => 'T-Shirt', 'price' => 20.0, 'stock' => 0, 'parent' => 20, 'option' => 'Size: M'],
        ['id' => 20, 'name' => 'T-Shirt', 'price' => 20.0, 'type' => 'variable'],
    ],
]));

ob_start();
require __DIR__ . '/../fakes/wordpress/wordpress.php';
require __DIR__ . '/../fakes/wordpress/woocommerce.php';
require FOLDER . '/kontor.php';
require __DIR__ . '/acting.php';

$failed = $passed = 0;
foreach (glob(__DIR__ . '/*_test.php') as $file) {
    foreach (require $file as $sentence => $proof) {
        try {
            begin_anew($folder);
            $proof();
            $passed++;
        } catch (\Throwable $error) {
            $failed++;
            $place = basename($error->getFile()) . ':' . $error->getLine();
            fwrite(STDERR, basename($file) . ": $sentence\n    $place " . $error->getMessage() . "\n");
        }
    }
}
ob_end_clean();
array_map('unlink', glob($folder . '/*'));
rmdir($folder);
echo "$passed passed, $failed failed\n";
exit($failed === 0 && $passed > 0 ? 0 : 1);
