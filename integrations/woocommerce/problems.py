"""Why a store can't be connected or called, each with the sentence that says what to change."""

from dataclasses import replace

from integrations.self_hosted import Problem

# Found by the probe, by the proving of keys, or said by `NeedsMerchant` of a
# store that was connected already.
PROBLEMS = (
    Problem(
        "not_an_address",
        english="This is no web address. Type the address of your shop's home page, for example "
        "https://shop.example.",
        german="Das ist keine Web-Adresse. Geben Sie die Adresse der Startseite Ihres Shops ein, zum"
        " Beispiel https://shop.example.",
    ),
    Problem(
        "has_credentials",
        english="The address contains a user name or password. Type it without them.",
        german="Die Adresse enthält einen Benutzernamen oder ein Passwort. Geben Sie sie ohne diese ein.",
    ),
    Problem(
        "has_fragment",
        english="The address has a part after '#'. Type it without that part.",
        german="Die Adresse hat einen Teil nach „#“. Geben Sie sie ohne diesen Teil ein.",
    ),
    Problem(
        "private_address",
        english="This address can't be reached from the internet. Type the shop's public address, "
        "without a port.",
        german="Diese Adresse ist aus dem Internet nicht erreichbar. Geben Sie die öffentliche "
        "Adresse des Shops ein, ohne Port.",
    ),
    Problem(
        "unreachable",
        english="Nobody answers at {address}. Check the spelling, and whether the shop is online.",
        german="Unter {address} antwortet niemand. Prüfen Sie die Schreibweise und ob der Shop online ist.",
    ),
    Problem(
        "https_missing",
        english="The shop answers at http:// only. Switch HTTPS on at your host: without it, keys and"
        " customers' data would be open to anybody on the way.",
        german="Der Shop antwortet nur unter http://. Schalten Sie bei Ihrem Hoster HTTPS ein: Ohne "
        "HTTPS lägen Schlüssel und Kundendaten unterwegs offen.",
    ),
    Problem(
        "bad_certificate",
        english="The shop's HTTPS certificate is not valid. Ask your host to renew it, then try again.",
        german="Das HTTPS-Zertifikat des Shops ist nicht gültig. Lassen Sie es von Ihrem Hoster "
        "erneuern und versuchen Sie es dann noch einmal.",
    ),
    Problem(
        "redirected",
        english="This address leads on to {address}. If that is your shop, type that address.",
        german="Diese Adresse leitet weiter zu {address}. Wenn das Ihr Shop ist, geben Sie diese "
        "Adresse ein.",
    ),
    Problem(
        "no_wordpress",
        english="There is no WordPress at this address. Type the address of your shop's home page.",
        german="Unter dieser Adresse ist kein WordPress. Geben Sie die Adresse der Startseite Ihres "
        "Shops ein.",
    ),
    Problem(
        "no_woocommerce",
        english="WordPress is there, but WooCommerce is not switched on. Activate it under Plugins, "
        "then try again.",
        german="WordPress ist da, aber WooCommerce ist nicht eingeschaltet. Aktivieren Sie es unter "
        "„Plugins“ und versuchen Sie es dann noch einmal.",
    ),
    Problem(
        "plain_permalinks",
        english="Your shop uses plain permalinks, with which WooCommerce accepts no keys. In "
        "WordPress choose Settings, Permalinks, 'Post name', and save.",
        german="Ihr Shop nutzt einfache Permalinks; damit nimmt WooCommerce keine Schlüssel an. "
        "Wählen Sie in WordPress unter „Einstellungen“, „Permalinks“ die Option "
        "„Beitragsname“ und speichern Sie.",
    ),
    Problem(
        "too_old",
        english="This WooCommerce is too old. Update it to a current version, then try again.",
        german="Dieses WooCommerce ist zu alt. Aktualisieren Sie es auf eine aktuelle Version und "
        "versuchen Sie es dann noch einmal.",
    ),
    Problem(
        "maintenance",
        english="The shop is in maintenance or overloaded. Try again when it is back.",
        german="Der Shop ist im Wartungsmodus oder überlastet. Versuchen Sie es noch einmal, wenn er"
        " wieder da ist.",
    ),
    Problem(
        "blocked",
        english="A firewall or security plugin in front of the shop refuses our call. Allow calls to "
        "/wp-json/ there.",
        german="Eine Firewall oder ein Sicherheits-Plugin vor dem Shop weist unseren Aufruf ab. "
        "Erlauben Sie dort Aufrufe von /wp-json/.",
    ),
    Problem(
        "api_closed",
        english="A plugin has closed the shop's REST API to visitors. Allow /wp-json/ in its settings.",
        german="Ein Plugin hat die REST-API des Shops für Besucher geschlossen. Erlauben Sie /wp-"
        "json/ in dessen Einstellungen.",
    ),
    Problem(
        "keys_refused",
        english="The shop refuses our keys: they were revoked, or the user who approved them was "
        "deleted. Connect the shop again.",
        german="Der Shop lehnt unsere Schlüssel ab: Sie wurden widerrufen, oder die Person, die sie "
        "freigegeben hat, wurde gelöscht. Verbinden Sie den Shop erneut.",
    ),
    Problem(
        "owner_demoted",
        english="The user who approved our keys may no longer manage the shop. Connect it again as an"
        " administrator or shop manager.",
        german="Die Person, die unsere Schlüssel freigegeben hat, darf den Shop nicht mehr "
        "verwalten. Verbinden Sie ihn erneut als Administrator oder Shop-Manager.",
    ),
    Problem(
        "read_only",
        english="Our keys may read but not write. Connect the shop again and approve both.",
        german="Unsere Schlüssel dürfen lesen, aber nicht schreiben. Verbinden Sie den Shop erneut "
        "und geben Sie beides frei.",
    ),
    Problem(
        "scheme_hidden",
        english="The keys are right, but the shop believes it is called without HTTPS: the proxy in "
        "front of it must forward the scheme (X-Forwarded-Proto). Your host can set this.",
        german="Die Schlüssel stimmen, aber der Shop hält unsere Aufrufe für unverschlüsselt: Der "
        "Proxy davor muss das Schema weitergeben (X-Forwarded-Proto). Ihr Hoster kann das "
        "einstellen.",
    ),
    Problem(
        "moved",
        english="The shop's address now leads somewhere else. Connect the shop again at its new address.",
        german="Die Adresse des Shops führt jetzt woandershin. Verbinden Sie den Shop unter seiner "
        "neuen Adresse erneut.",
    ),
)
BY_WORD = {one.word: one for one in PROBLEMS}


def problem(word: str, address: str = "") -> Problem:
    """`address` stands where a sentence names one."""
    told = BY_WORD[word]
    english, german = (text.format(address=address) for text in (told.english, told.german))
    return replace(told, english=english, german=german, address=address)
