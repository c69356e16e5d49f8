<?php

declare(strict_types=1);

namespace Kontor\Sniffs\Naming;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

/**
 * What lies beside the names of other plugins begins with our own.
 */
final class PrefixedSniff implements Sniff
{
    private const NAMED = [
        'get_option', 'update_option', 'add_option', 'delete_option', 'get_transient', 'set_transient',
        'delete_transient', 'wp_enqueue_script', 'wp_enqueue_style', 'wp_register_script', 'wp_create_nonce',
        'wp_nonce_field', 'check_ajax_referer', 'check_admin_referer', 'do_action', 'apply_filters', 'define',
    ];

    /**
     * @return array<int, int>
     */
    public function register(): array
    {
        return [T_STRING];
    }

    /**
     * @param int $stackPtr
     */
    public function process(File $phpcsFile, $stackPtr): void
    {
        $tokens = $phpcsFile->getTokens();
        $open = (int) $phpcsFile->findNext(T_WHITESPACE, $stackPtr + 1, null, true);
        $isCall = $tokens[$open]['code'] === T_OPEN_PARENTHESIS;
        if (!$isCall || !in_array($tokens[$stackPtr]['content'], self::NAMED, true)) {
            return;
        }
        $first = (int) $phpcsFile->findNext(T_WHITESPACE, $open + 1, null, true);
        $name = trim($tokens[$first]['content'], '\'"');
        $isWritten = $tokens[$first]['code'] === T_CONSTANT_ENCAPSED_STRING;
        if ($isWritten && stripos($name, 'kontor') !== 0) {
            $phpcsFile->addError('"%s" does not begin with kontor', $first, 'Foreign', [$name]);
        }
    }
}
