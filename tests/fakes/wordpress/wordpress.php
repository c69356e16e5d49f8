<?php

/**
 * What the plugin uses of WordPress, in as few lines as behave alike. The database is a file, so that a site lives
 * on from request to request; the clock can be moved by the file "clock" beside it.
 */

declare(strict_types=1);

define('ABSPATH', __DIR__ . '/root/');
define('MINUTE_IN_SECONDS', 60);
define('HOUR_IN_SECONDS', 3600);
define('DAY_IN_SECONDS', 86400);
define('SITE', json_decode((string) file_get_contents(getenv('WORDPRESS_FOLDER') . '/site.json'), true));

$GLOBALS['hooks'] = $GLOBALS['routes'] = $GLOBALS['scripts'] = $GLOBALS['menu'] = [];
$GLOBALS['user'] = 0;
$GLOBALS['locale'] = SITE['locale'] ?? 'en_US';

final class StandInDb
{
    public $prefix = 'wp_';
    public $broken = false;
    private $db;

    public function __construct(string $file)
    {
        $this->db = new SQLite3($file);
        $this->db->busyTimeout(5000);
        $this->db->exec('PRAGMA journal_mode = WAL');
        foreach (['options' => 'name', 'sessions' => 'name'] as $table => $key) {
            $this->db->exec("CREATE TABLE IF NOT EXISTS $table ($key TEXT PRIMARY KEY, value TEXT)");
        }
        $this->db->exec('CREATE TABLE IF NOT EXISTS later (id INTEGER PRIMARY KEY, at INTEGER, hook TEXT, ran INTEGER)');
    }

    public function prepare(string $sql, ...$values): string
    {
        foreach ($values as $value) {
            $written = is_int($value) ? (string) $value : "'" . SQLite3::escapeString((string) $value) . "'";
            $at = strcspn($sql, '%');
            if (substr($sql, $at, 2) === '%d') {
                $written = (string) (int) $value;
            }
            $sql = substr_replace($sql, $written, $at, 2);
        }
        return $sql;
    }

    public function query(string $sql)
    {
        if ($this->broken || !@$this->db->exec($sql)) {
            return false;
        }
        return $this->db->changes();
    }

    public function get_results(string $sql): array
    {
        $rows = [];
        $found = $this->broken ? false : $this->db->query($sql);
        while ($found && $row = $found->fetchArray(SQLITE3_ASSOC)) {
            $rows[] = (object) $row;
        }
        return $rows;
    }

    public function get_var(string $sql)
    {
        $rows = $this->get_results($sql);
        return $rows ? array_values((array) $rows[0])[0] : null;
    }

    public function replace(string $table, array $row, array $formats = [])
    {
        if ($this->broken) {
            return false;
        }
        $names = implode(', ', array_keys($row));
        $asked = $this->db->prepare("REPLACE INTO $table ($names) VALUES (:" . implode(', :', array_keys($row)) . ')');
        foreach ($row as $name => $value) {
            $asked->bindValue(':' . $name, $value);
        }
        return $asked->execute() ? 1 : false;
    }

    public function delete(string $table, array $where, array $formats = [])
    {
        $asked = [];
        foreach ($where as $name => $value) {
            $asked[] = $this->prepare("$name = %s", $value);
        }
        return $this->query("DELETE FROM $table WHERE " . implode(' AND ', $asked));
    }

    public function get_charset_collate(): string
    {
        return 'DEFAULT CHARACTER SET utf8mb4';
    }
}

// Hooks.

function add_action(string $name, $callback, int $priority = 10, int $count = 1): void
{
    $GLOBALS['hooks'][$name][$priority][] = [$callback, $count];
}

function add_filter(string $name, $callback, int $priority = 10, int $count = 1): void
{
    add_action($name, $callback, $priority, $count);
}

function do_action(string $name, ...$told): void
{
    apply_filters($name, ...($told ?: ['']));
}

function apply_filters(string $name, ...$told)
{
    $hooked = $GLOBALS['hooks'][$name] ?? [];
    ksort($hooked);
    foreach ($hooked as $callbacks) {
        foreach ($callbacks as [$callback, $count]) {
            $said = $callback(...array_slice($told, 0, $count));
            $told[0] = $said ?? $told[0];
        }
    }
    return $told[0];
}

function register_activation_hook(string $file, $callback): void
{
    add_action('activate', $callback);
}

function register_deactivation_hook(string $file, $callback): void
{
    add_action('deactivate', $callback);
}

// Options, transients, and what is done later.

function get_option(string $name, $default = false)
{
    global $wpdb;
    $kept = $wpdb->get_var($wpdb->prepare('SELECT value FROM options WHERE name = %s', $name));
    return $kept === null ? $default : unserialize($kept);
}

function update_option(string $name, $value, $autoload = null): bool
{
    global $wpdb;
    return (bool) $wpdb->replace('options', ['name' => $name, 'value' => serialize($value)]);
}

function delete_option(string $name): bool
{
    global $wpdb;
    return (bool) $wpdb->delete('options', ['name' => $name]);
}

function get_transient(string $name)
{
    return get_option('transient_' . $name);
}

function set_transient(string $name, $value, int $seconds): bool
{
    return update_option('transient_' . $name, $value);
}

function wp_next_scheduled(string $hook)
{
    global $wpdb;
    $at = $wpdb->get_var($wpdb->prepare('SELECT MIN(at) FROM later WHERE hook = %s AND ran IS NULL', $hook));
    return $at === null ? false : (int) $at;
}

function wp_schedule_single_event(int $at, string $hook): void
{
    global $wpdb;
    $wpdb->replace('later', ['at' => $at, 'hook' => $hook]);
}

function wp_schedule_event(int $at, string $every, string $hook): void
{
    wp_schedule_single_event($at, $hook);
}

function wp_clear_scheduled_hook(string $hook): void
{
    global $wpdb;
    $wpdb->query($wpdb->prepare('DELETE FROM later WHERE hook = %s AND ran IS NULL', $hook));
}

/**
 * As WP-Cron does: everything whose time has come; with `$ahead` as if so many seconds had gone by.
 */
function run_what_is_due(int $ahead = 0): int
{
    global $wpdb;
    $asked = 'SELECT id, hook FROM later WHERE ran IS NULL AND at <= %d ORDER BY id';
    $due = $wpdb->get_results($wpdb->prepare($asked, time() + $ahead));
    foreach ($due as $one) {
        $wpdb->query($wpdb->prepare('UPDATE later SET ran = 1 WHERE id = %d', (int) $one->id));
        do_action($one->hook);
    }
    return count($due);
}

// Words and escaping.

function __(string $text, string $domain): string
{
    return apply_filters('gettext', $text, $text, $domain);
}

function esc_html(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES);
}

function esc_attr(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES);
}

function esc_html__(string $text, string $domain): string
{
    return esc_html(__($text, $domain));
}

function esc_url(string $url): string
{
    return esc_attr(esc_url_raw($url));
}

function esc_url_raw(string $url, ?array $schemes = null): string
{
    $scheme = (string) parse_url($url, PHP_URL_SCHEME);
    return in_array($scheme, $schemes ?? ['http', 'https'], true) ? (string) preg_replace('/[\s<>"\']/', '', $url) : '';
}

function wp_kses_post(string $html): string
{
    return strip_tags($html, '<p><a><span>');
}

function sanitize_text_field(string $text): string
{
    return trim((string) preg_replace('/\s+/', ' ', strip_tags($text)));
}

function sanitize_email(string $text): string
{
    return (string) filter_var($text, FILTER_SANITIZE_EMAIL);
}

function is_email(string $text)
{
    return filter_var($text, FILTER_VALIDATE_EMAIL);
}

function wp_unslash($text)
{
    return is_string($text) ? stripslashes($text) : $text;
}

function wp_strip_all_tags(string $text): string
{
    return trim(strip_tags($text));
}

function wp_json_encode($value, int $flags = 0)
{
    return json_encode($value, $flags);
}

function wp_parse_url(string $url)
{
    return parse_url($url);
}

function add_query_arg(...$told): string
{
    [$more, $url] = is_array($told[0]) ? $told : [[$told[0] => $told[1]], $told[2]];
    if ($more === []) {
        return $url;
    }
    $pairs = [];
    foreach ($more as $name => $value) {
        $pairs[] = $name . '=' . $value;
    }
    return $url . (strpos($url, '?') === false ? '?' : '&') . implode('&', $pairs);
}

function load_plugin_textdomain(string $domain, $deprecated, string $folder): bool
{
    return true;
}

function determine_locale(): string
{
    return $GLOBALS['locale'];
}

// The site and who looks at it.

function home_url(string $path = ''): string
{
    return SITE['home'] . $path;
}

function admin_url(string $path = ''): string
{
    return SITE['home'] . '/wp-admin/' . $path;
}

function plugins_url(string $path, string $file): string
{
    return SITE['home'] . '/wp-content/plugins/kontor/' . $path;
}

function plugin_basename(string $file): string
{
    return 'kontor/' . basename($file);
}

function is_multisite(): bool
{
    return false;
}

function get_current_user_id(): int
{
    return $GLOBALS['user'];
}

function wp_get_current_user(): object
{
    return (object) ['ID' => $GLOBALS['user'], 'user_email' => SITE['users'][$GLOBALS['user']]['email'] ?? ''];
}

function current_user_can(string $what): bool
{
    return in_array($what, SITE['users'][$GLOBALS['user']]['can'] ?? [], true);
}

function delete_user_meta(int $user, string $key): bool
{
    return delete_option("user_{$user}_{$key}");
}

function wp_create_nonce(string $action): string
{
    return substr(hash_hmac('sha256', $action . $GLOBALS['user'], 'salt'), 0, 10);
}

function wp_nonce_field(string $action): void
{
    echo '<input type="hidden" name="_wpnonce" value="' . wp_create_nonce($action) . '">';
}

function check_ajax_referer(string $action, string $name, bool $dies): bool
{
    return hash_equals(wp_create_nonce($action), (string) ($_REQUEST[$name] ?? ''));
}

function check_admin_referer(string $action): void
{
    if (!check_ajax_referer($action, '_wpnonce', true)) {
        wp_die('The link you followed has expired.', '', ['response' => 403]);
    }
}

// Answers.

final class Ended extends Exception
{
}

function wp_die(string $text = '', string $title = '', array $more = []): void
{
    header('x-status: ' . ($more['response'] ?? 200), true, $more['response'] ?? 200);
    echo $text;
    throw new Ended($text);
}

function wp_send_json(array $said, int $status): void
{
    header('Content-Type: application/json', true, $status);
    echo json_encode($said);
    throw new Ended((string) json_encode($said), $status);
}

function wp_send_json_success($data = null, int $status = 200): void
{
    wp_send_json(['success' => true, 'data' => $data], $status);
}

function wp_send_json_error($data = null, int $status = 200): void
{
    wp_send_json(['success' => false, 'data' => $data], $status);
}

function wp_redirect(string $where): bool
{
    header('Location: ' . $where, true, 302);
    throw new Ended($where, 302);
}

/**
 * To this site alone.
 */
function wp_safe_redirect(string $where): bool
{
    return wp_redirect(strpos($where, SITE['home'] . '/') === 0 ? $where : admin_url());
}

function nocache_headers(): void
{
    header('Cache-Control: no-cache, must-revalidate, max-age=0, no-store, private');
}

// The admin's pages and the shop's scripts.

function add_menu_page(string $title, string $name, string $right, string $slug, $show, string $icon, int $place): void
{
    $GLOBALS['menu'][$slug] = [$right, $show];
}

function submit_button(string $text): void
{
    echo '<p class="submit"><input type="submit" class="button button-primary" value="' . esc_attr($text) . '"></p>';
}

function wp_enqueue_script(string $name, string $url, array $needs, string $version, bool $last): void
{
    $GLOBALS['scripts'][$name] = ['url' => $url, 'before' => ''];
}

function wp_add_inline_script(string $name, string $code, string $where): void
{
    $GLOBALS['scripts'][$name]['before'] = $code;
}

function wp_enqueue_style(string $name, string $url, array $needs, string $version): void
{
}

function wp_add_privacy_policy_content(string $name, string $text): void
{
    $GLOBALS['privacy'] = $text;
}

function wp_get_attachment_image_url(int $image, string $size)
{
    return $image > 0 ? SITE['home'] . "/images/$image.jpg" : false;
}

// REST.

final class WP_REST_Request
{
    private $params;

    public function __construct(?array $params)
    {
        $this->params = $params;
    }

    public function get_json_params(): ?array
    {
        return $this->params;
    }
}

final class WP_REST_Response
{
    public $data;
    public $status;

    public function __construct($data, int $status)
    {
        [$this->data, $this->status] = [$data, $status];
    }
}

final class WP_Error
{
    public $code;
    public $message;
    public $data;

    public function __construct(string $code, string $message, array $data = [])
    {
        [$this->code, $this->message, $this->data] = [$code, $message, $data];
    }
}

function is_wp_error($thing): bool
{
    return $thing instanceof WP_Error;
}

function register_rest_route(string $namespace, string $route, array $answers): void
{
    $GLOBALS['routes'][$namespace . $route] = $answers;
}

/**
 * As WordPress answers its REST API: status and body.
 */
function rest_answer(string $method, string $route, ?array $params): array
{
    do_action('rest_api_init');
    foreach ($GLOBALS['routes'][trim($route, '/')] ?? [] as $one) {
        if ($one['methods'] !== $method) {
            continue;
        }
        if (!$one['permission_callback']()) {
            $data = ['status' => $GLOBALS['user'] ? 403 : 401];
            return [$data['status'], ['code' => 'rest_forbidden', 'message' => 'Sorry.', 'data' => $data]];
        }
        $said = $one['callback'](new WP_REST_Request($params));
        if (is_wp_error($said)) {
            return [$said->data['status'], ['code' => $said->code, 'message' => $said->message, 'data' => $said->data]];
        }
        return [$said->status, $said->data];
    }
    return [404, ['code' => 'rest_no_route', 'message' => 'No route was found.', 'data' => ['status' => 404]]];
}

// Calls to others.

function wp_remote_post(string $url, array $told)
{
    if (isset($GLOBALS['others'])) {
        return $GLOBALS['others']($url, $told);
    }
    $headers = [];
    foreach ($told['headers'] as $name => $value) {
        $headers[] = "$name: $value";
    }
    $http = ['method' => 'POST', 'header' => $headers, 'content' => $told['body'], 'timeout' => $told['timeout']];
    $http += ['follow_location' => $told['redirection'] > 0 ? 1 : 0, 'ignore_errors' => true];
    $context = stream_context_create(['http' => $http, 'ssl' => ['cafile' => SITE['authority'] ?? null]]);
    $body = @file_get_contents($url, false, $context);
    if ($body === false || !preg_match('~^HTTP/\S+ (\d+)~', $http_response_header[0] ?? '', $parts)) {
        return new WP_Error('http_request_failed', 'no answer');
    }
    return ['response' => ['code' => (int) $parts[1]], 'body' => $body];
}

function wp_remote_retrieve_response_code($answer)
{
    return $answer['response']['code'];
}

$GLOBALS['wpdb'] = new StandInDb(getenv('WORDPRESS_FOLDER') . '/site.sqlite');
