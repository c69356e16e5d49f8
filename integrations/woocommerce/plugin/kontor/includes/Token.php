<?php

declare(strict_types=1);

namespace Kontor;

/**
 * Says to Kontor who looks at its pages in the admin: a JSON Web Token that lasts a minute and is good once.
 */
final class Token
{
    public const LASTS = 60;

    public static function sign(Connection $connection, int $user, int $now): string
    {
        $claims = [
            'iss' => 'https://' . $connection->store,
            'aud' => $connection->address,
            'sub' => (string) $user,
            'jti' => bin2hex(random_bytes(16)),
            'iat' => $now,
            'nbf' => $now,
            'exp' => $now + self::LASTS,
        ];
        $parts = self::part(['alg' => 'HS256', 'typ' => 'JWT']) . '.' . self::part($claims);
        return $parts . '.' . self::encoded(hash_hmac('sha256', $parts, $connection->key('frame'), true));
    }

    /**
     * @param array<string, mixed> $told
     */
    private static function part(array $told): string
    {
        return self::encoded((string) wp_json_encode($told));
    }

    private static function encoded(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}
