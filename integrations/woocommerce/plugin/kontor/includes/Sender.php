<?php

declare(strict_types=1);

namespace Kontor;

/**
 * Brings to Kontor what waits, in the background. While nobody answers there, everything rests, longer each time.
 */
final class Sender
{
    public const ANSWERED_WITHIN = 8;
    public const TURN = 20;
    public const AT_ONCE = 50;
    public const LONGEST_REST = HOUR_IN_SECONDS;

    private const OPTION = 'kontor_sending';
    // What Kontor will never take, however often it is brought.
    private const HOPELESS = [400, 413, 422];

    public static function hook(): void
    {
        add_action(Schedule::SEND, [self::class, 'run']);
        add_action(Schedule::TIDY, [self::class, 'tidy']);
    }

    public static function run(): void
    {
        Guard::quietly([self::class, 'sendWhatWaits']);
    }

    public static function sendWhatWaits(): void
    {
        $connection = Connection::current();
        $now = time();
        if ($connection === null) {
            return;
        }
        if (self::state()['rests_until'] > $now) {
            self::goOnAt(self::state()['rests_until']);
            return;
        }
        $rested = false;
        foreach (Queue::first(self::AT_ONCE) as $row) {
            if (time() - $now > self::TURN || !self::bring($connection, $row)) {
                $rested = true;
                break;
            }
        }
        self::goOnAt($rested ? max(self::state()['rests_until'], time()) : time());
    }

    /**
     * Everything that is looked at now and then: what got lost, and what is too old.
     */
    public static function tidy(): void
    {
        Guard::quietly(static function (): void {
            Queue::giveUp(time());
            Carts::tidy(time());
            self::goOnAt(max(self::state()['rests_until'], time()));
        });
    }

    /**
     * A connection made anew is tried at once.
     */
    public static function begin(): void
    {
        self::note(['failures' => 0, 'rests_until' => 0, 'trouble' => '']);
        self::goOnAt(time());
    }

    public static function dropped(): int
    {
        return self::state()['dropped'];
    }

    public static function trouble(): string
    {
        return self::state()['trouble'];
    }

    public static function noteDropped(int $count): void
    {
        if ($count > 0) {
            self::note(['dropped' => self::dropped() + $count]);
            Guard::log(sprintf('%d reports were dropped: Kontor took none for too long.', $count));
        }
    }

    /**
     * False where Kontor could not be reached or would not hear.
     */
    private static function bring(Connection $connection, object $row): bool
    {
        $status = self::post($connection, $row);
        if (($status >= 200 && $status < 300) || in_array($status, self::HOPELESS, true)) {
            Queue::remove((int) $row->id);
            if ($status >= 400) {
                self::noteDropped(1);
            }
            if (self::state()['failures'] > 0) {
                self::note(['failures' => 0, 'rests_until' => 0, 'trouble' => '']);
            }
            return true;
        }
        self::rest($status);
        return false;
    }

    /**
     * The status of the answer; 0 where there was none.
     */
    private static function post(Connection $connection, object $row): int
    {
        $body = (string) $row->body;
        $answer = wp_remote_post($connection->door, [
            'timeout' => self::ANSWERED_WITHIN,
            'redirection' => 0,
            'headers' => [
                'Content-Type' => 'application/json',
                'X-WC-Webhook-Topic' => (string) $row->topic,
                'X-WC-Webhook-Signature' => base64_encode(hash_hmac('sha256', $body, $connection->secret, true)),
            ],
            'body' => $body,
        ]);
        return is_wp_error($answer) ? 0 : (int) wp_remote_retrieve_response_code($answer);
    }

    private static function rest(int $status): void
    {
        $failures = self::state()['failures'] + 1;
        $span = (int) min(MINUTE_IN_SECONDS * 2 ** min($failures - 1, 10), self::LONGEST_REST);
        self::note([
            'failures' => $failures,
            'rests_until' => time() + $span,
            'trouble' => $status === 0 ? 'no answer' : 'answered ' . $status,
        ]);
    }

    private static function goOnAt(int $time): void
    {
        if (Queue::count() > 0) {
            Schedule::sendAt($time);
        }
    }

    /**
     * @return array{failures: int, rests_until: int, dropped: int, trouble: string}
     */
    private static function state(): array
    {
        $kept = get_option(self::OPTION);
        return (is_array($kept) ? $kept : []) + ['failures' => 0, 'rests_until' => 0, 'dropped' => 0, 'trouble' => ''];
    }

    /**
     * @param array<string, int|string> $news
     */
    private static function note(array $news): void
    {
        update_option(self::OPTION, $news + self::state(), false);
    }
}
