<?php

declare(strict_types=1);

namespace Kontor\Sniffs\Words;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

/**
 * What is said to people is translated with our own words, not with those of some other plugin.
 */
final class DomainSniff implements Sniff
{
    private const SAYING = ['__', '_e', '_n', '_x', 'esc_html__', 'esc_attr__', 'esc_html_e', 'esc_attr_e'];

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
        if (
            $tokens[$open]['code'] !== T_OPEN_PARENTHESIS
            || !in_array($tokens[$stackPtr]['content'], self::SAYING, true)
        ) {
            return;
        }
        $last = (int) $phpcsFile->findPrevious(T_WHITESPACE, $tokens[$open]['parenthesis_closer'] - 1, null, true);
        if ($tokens[$last]['content'] !== "'kontor'") {
            $phpcsFile->addError('these words name no text domain of ours', $stackPtr, 'Missing');
        }
    }
}
