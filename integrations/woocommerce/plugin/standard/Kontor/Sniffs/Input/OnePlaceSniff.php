<?php

declare(strict_types=1);

namespace Kontor\Sniffs\Input;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

/**
 * What a visitor sent is read in one class alone, which makes plain text of it.
 */
final class OnePlaceSniff implements Sniff
{
    private const SENT = ['$_GET', '$_POST', '$_REQUEST', '$_COOKIE', '$_SERVER', '$_FILES'];

    /**
     * @return array<int, int>
     */
    public function register(): array
    {
        return [T_VARIABLE];
    }

    /**
     * @param int $stackPtr
     */
    public function process(File $phpcsFile, $stackPtr): void
    {
        $name = $phpcsFile->getTokens()[$stackPtr]['content'];
        if (in_array($name, self::SENT, true) && basename($phpcsFile->getFilename()) !== 'Input.php') {
            $phpcsFile->addError('%s is read in Input alone', $stackPtr, 'Elsewhere', [$name]);
        }
    }
}
