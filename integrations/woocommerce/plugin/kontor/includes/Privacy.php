<?php

declare(strict_types=1);

namespace Kontor;

/**
 * What the shop's owner may say about all this in her privacy policy.
 */
final class Privacy
{
    public static function hook(): void
    {
        add_action('admin_init', [self::class, 'suggest']);
    }

    public static function suggest(): void
    {
        $text = __(
            'If you agree at the checkout to be reminded, we pass your e-mail address, your first name, your country'
            . ' and the contents of your cart on to the service that writes the reminder for us. If you are signed in,'
            . ' we pass on the contents of your cart with your customer number. You can withdraw your consent at any'
            . ' time: each reminder has a link for that.',
            'kontor'
        );
        wp_add_privacy_policy_content('Kontor', '<p>' . esc_html($text) . '</p>');
    }
}
