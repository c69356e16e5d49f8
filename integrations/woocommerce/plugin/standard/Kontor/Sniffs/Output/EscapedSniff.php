<?php

declare(strict_types=1);

namespace Kontor\Sniffs\Output;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

/**
 * What is printed is written out here or has gone through one of WordPress's escaping functions.
 */
final class EscapedSniff implements Sniff
{
    private const ESCAPING = ['esc_html', 'esc_attr', 'esc_url', 'esc_html__', 'esc_attr__', 'wp_kses_post'];

    /**
     * @return array<int, int>
     */
    public function register(): array
    {
        return [T_ECHO, T_PRINT, T_OPEN_TAG_WITH_ECHO];
    }

    /**
     * @param int $stackPtr
     */
    public function process(File $phpcsFile, $stackPtr): void
    {
        $tokens = $phpcsFile->getTokens();
        $end = $phpcsFile->findNext([T_SEMICOLON, T_CLOSE_TAG], $stackPtr);
        for ($at = $stackPtr + 1; $at < $end; $at++) {
            $next = (int) $phpcsFile->findNext(T_WHITESPACE, $at + 1, null, true);
            $isCall = $tokens[$at]['code'] === T_STRING && $tokens[$next]['code'] === T_OPEN_PARENTHESIS;
            if ($isCall && in_array($tokens[$at]['content'], self::ESCAPING, true)) {
                $at = $tokens[$next]['parenthesis_closer'];
                continue;
            }
            // A condition decides between texts and is not printed itself.
            $isPrinted = $tokens[$at]['code'] === T_VARIABLE && $tokens[$next]['code'] !== T_INLINE_THEN;
            if ($isPrinted || $isCall || $tokens[$at]['code'] === T_DOUBLE_QUOTED_STRING) {
                $phpcsFile->addError('%s is printed without being escaped', $at, 'Raw', [$tokens[$at]['content']]);
            }
        }
    }
}
