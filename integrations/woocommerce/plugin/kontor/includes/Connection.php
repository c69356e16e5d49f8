<?php

declare(strict_types=1);

namespace Kontor;

/**
 * The Kontor this shop is connected with, as that Kontor has told it.
 */
final class Connection
{
    private const OPTION = 'kontor_connection';
    private const TEXTS = ['address', 'merchant', 'door', 'secret', 'store', 'mark'];

    /** @var string Where Kontor is, with its scheme and without a slash at the end. */
    public $address;
    /** @var string What Kontor calls this shop's owner. */
    public $merchant;
    /** @var string Where reports go. */
    public $door;
    /** @var string What they are signed with. */
    public $secret;
    /** @var string What Kontor calls this shop. */
    public $store;
    /** @var string By what Kontor knows what it told last. */
    public $mark;
    /** @var array<string, string> What a shopper agrees to, by language. */
    public $wording;

    /**
     * @param array<string, mixed> $told
     */
    private function __construct(array $told)
    {
        foreach (self::TEXTS as $name) {
            $this->$name = isset($told[$name]) && is_string($told[$name]) ? $told[$name] : '';
        }
        $this->address = rtrim($this->address, '/');
        $this->wording = [];
        foreach (isset($told['wording']) && is_array($told['wording']) ? $told['wording'] : [] as $language => $text) {
            if (is_string($text) && preg_match('/^[a-z]{2}$/', (string) $language)) {
                $this->wording[(string) $language] = sanitize_text_field($text);
            }
        }
    }

    public static function current(): ?self
    {
        $kept = get_option(self::OPTION);
        return is_array($kept) ? self::of($kept) : null;
    }

    /**
     * What was told, if it is a connection at all.
     *
     * @param array<string, mixed> $told
     */
    public static function of(array $told): ?self
    {
        $made = new self($told);
        $fits = Address::isUsable($made->address)
            && strpos($made->door, $made->address . '/') === 0
            && preg_match('/^[0-9a-f]{64}$/', $made->secret)
            && preg_match('/^[A-Za-z0-9_-]{8,64}$/', $made->merchant)
            && preg_match('~^[A-Za-z0-9.:/%_-]{1,200}$~', $made->store)
            && preg_match('/^[0-9a-f]{16,64}$/', $made->mark)
            && isset($made->wording['en'])
            && max(array_map('strlen', $made->wording)) <= 1000;
        return $fits ? $made : null;
    }

    public function keep(): void
    {
        update_option(self::OPTION, get_object_vars($this), true);
    }

    public static function forget(): void
    {
        delete_option(self::OPTION);
    }

    /**
     * A key for one purpose, so that what is signed for one is worth nothing for another.
     */
    public function key(string $purpose): string
    {
        return hash_hmac('sha256', $purpose, $this->secret);
    }

    /**
     * What the shopper is asked to agree to, in the language of the page.
     */
    public function wording(): string
    {
        $language = substr(determine_locale(), 0, 2);
        return $this->wording[$language] ?? $this->wording['en'];
    }
}
