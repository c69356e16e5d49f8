<?php

declare(strict_types=1);

namespace Kontor;

/**
 * What is done later: by WooCommerce's Action Scheduler, else by WordPress's own cron.
 */
final class Schedule
{
    public const SEND = 'kontor_send';
    public const TIDY = 'kontor_tidy';

    private const GROUP = 'kontor';

    /**
     * Let the queue be sent at that time, unless it is to be sent no later than that anyway. One that is being
     * sent this moment may have seen the last of its rows already, so another turn is asked for.
     */
    public static function sendAt(int $time): void
    {
        if (function_exists('as_schedule_single_action')) {
            $next = as_next_scheduled_action(self::SEND, [], self::GROUP);
            if (!is_int($next) || $next > $time) {
                as_schedule_single_action($time, self::SEND, [], self::GROUP);
            }
            return;
        }
        $next = wp_next_scheduled(self::SEND);
        if ($next === false || $next > $time) {
            wp_schedule_single_event($time, self::SEND);
        }
    }

    public static function hourly(): void
    {
        if (wp_next_scheduled(self::TIDY) === false) {
            wp_schedule_event(time() + HOUR_IN_SECONDS, 'hourly', self::TIDY);
        }
    }

    public static function nothing(): void
    {
        if (function_exists('as_unschedule_all_actions')) {
            as_unschedule_all_actions(self::SEND, [], self::GROUP);
        }
        wp_clear_scheduled_hook(self::SEND);
        wp_clear_scheduled_hook(self::TIDY);
    }
}
