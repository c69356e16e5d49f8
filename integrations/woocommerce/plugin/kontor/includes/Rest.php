<?php

declare(strict_types=1);

namespace Kontor;

use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

/**
 * Where Kontor introduces itself. WooCommerce checks its keys for every namespace that begins with "wc-".
 */
final class Rest
{
    public static function hook(): void
    {
        add_action('rest_api_init', [self::class, 'register']);
    }

    public static function register(): void
    {
        $answers = ['GET' => 'tell', 'POST' => 'connect', 'DELETE' => 'disconnect'];
        $routes = [];
        foreach ($answers as $method => $answer) {
            $routes[] = [
                'methods' => $method,
                'callback' => [self::class, $answer],
                'permission_callback' => [self::class, 'isAllowed'],
            ];
        }
        register_rest_route('wc-kontor/v1', '/connection', $routes);
    }

    public static function isAllowed(): bool
    {
        return current_user_can('manage_woocommerce');
    }

    public static function tell(): WP_REST_Response
    {
        return new WP_REST_Response(self::state(), 200);
    }

    /**
     * @return WP_REST_Response|WP_Error
     */
    public static function connect(WP_REST_Request $request)
    {
        $told = $request->get_json_params();
        $connection = is_array($told) ? Connection::of($told) : null;
        if ($connection === null) {
            return new WP_Error('kontor_unusable', 'This is no connection.', ['status' => 400]);
        }
        $connection->keep();
        Sender::begin();
        return new WP_REST_Response(self::state(), 200);
    }

    public static function disconnect(): WP_REST_Response
    {
        Connection::forget();
        Queue::clear();
        return new WP_REST_Response(self::state(), 200);
    }

    /**
     * @return array<string, mixed>
     */
    private static function state(): array
    {
        $connection = Connection::current();
        return [
            'version' => Plugin::VERSION,
            'state' => $connection === null ? 'waiting' : 'connected',
            'mark' => $connection === null ? '' : $connection->mark,
            'admin' => AdminPage::url(),
            'waiting' => Queue::count(),
            'dropped' => Sender::dropped(),
        ];
    }
}
