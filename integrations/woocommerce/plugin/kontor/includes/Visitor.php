<?php

declare(strict_types=1);

namespace Kontor;

/**
 * What is known of the visitor for as long as WooCommerce remembers her cart.
 */
final class Visitor
{
    private const KEY = 'kontor';

    /** @var string The cart's name in reports; "" before the first one. */
    public $cart = '';
    /** @var int When that cart was first reported. */
    public $started = 0;
    /** @var string What was reported last, so that nothing is told twice. */
    public $reported = '';
    /** @var string The address that was typed by whoever agreed. */
    public $email = '';
    /** @var bool Whether she agrees to be written to. */
    public $agreed = false;
    /** @var int How many addresses were agreed with. */
    public $addresses = 0;
    /** @var string The cart that a link has brought back. */
    public $restored = '';

    /**
     * Null where WooCommerce keeps nothing of this visitor, as of a robot.
     */
    public static function current(): ?self
    {
        if (!function_exists('WC') || !isset(WC()->session) || !WC()->session) {
            return null;
        }
        $made = new self();
        $kept = WC()->session->get(self::KEY);
        foreach (is_array($kept) ? $kept : [] as $name => $value) {
            if (isset($made->$name) && gettype($made->$name) === gettype($value)) {
                $made->$name = $value;
            }
        }
        return $made;
    }

    public function keep(): void
    {
        WC()->session->set(self::KEY, get_object_vars($this));
    }

    /**
     * She has ordered: what comes next is another cart, and she is asked again.
     */
    public function beginAnew(): void
    {
        (new self())->keep();
    }
}
