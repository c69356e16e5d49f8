<?php

/**
 * Where this Kontor is reached; written in when the plugin is packed for one. Empty: the page in the admin asks.
 */

declare(strict_types=1);

return '';
