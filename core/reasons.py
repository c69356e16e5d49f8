"""The closed list of reasons, each with its English and its German sentence."""

from enum import StrEnum


class Reason(StrEnum):
    """Why something was not done, or ended. The value is kept in records."""

    BOUGHT = "bought"
    NO_CONSENT = "no_consent"
    NO_CONTACT = "no_contact"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    CAPPED = "capped"
    LOST_SLOT = "lost_slot"
    QUIET_HOURS = "quiet_hours"
    OUT_OF_STOCK = "out_of_stock"
    CART_EMPTIED = "cart_emptied"
    CART_REPLACED = "cart_replaced"
    BELOW_MINIMUM = "below_minimum"
    ALREADY_REMINDED = "already_reminded"
    SHADOW = "shadow"
    FLOW_OFF = "flow_off"
    UNINSTALLED = "uninstalled"
    ERASED = "erased"
    DUPLICATE = "duplicate"
    EXPIRED = "expired"
    HELD_OUT = "held_out"
    BLAST_HELD = "blast_held"
    SHOP_UNREACHABLE = "shop_unreachable"
    PROVIDER_REFUSED = "provider_refused"
    TEST_ORDER = "test_order"
    BEFORE_LIVE = "before_live"
    TOO_OLD = "too_old"
    RESTING = "resting"
    UNKNOWN = "unknown"
    DISCOUNT_SPENT = "discount_spent"
    NEEDS_MERCHANT = "needs_merchant"
    TOO_SOON = "too_soon"
    OTHER_PERSON = "other_person"
    INTERNAL = "internal"
    DISCARDED = "discarded"
    PROVIDER_BUSY = "provider_busy"
    SENT_AGAIN = "sent_again"
    LEFT_IN_DOUBT = "left_in_doubt"
    DAILY_CEILING = "daily_ceiling"
    COMPLAINED = "complained"
    MAIL_ACCOUNT = "mail_account"
    NEXT_WAVE = "next_wave"
    NOT_OFFERED = "not_offered"
    NO_LONGER_SOLD = "no_longer_sold"
    LEFT_LINE = "left_line"
    WAITED_LONG = "waited_long"


SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.BOUGHT: (
        "The person has bought in the meantime.",
        "Die Person hat inzwischen gekauft.",
    ),
    Reason.NO_CONSENT: (
        "The person has not agreed to receive advertising.",
        "Die Person hat Werbung nicht zugestimmt.",
    ),
    Reason.NO_CONTACT: (
        "The shop gave us no address to reach the person.",
        "Der Shop hat uns keine Adresse der Person genannt.",
    ),
    Reason.UNSUBSCRIBED: (
        "The person has unsubscribed.",
        "Die Person hat sich abgemeldet.",
    ),
    Reason.BOUNCED: (
        "Mail to this address came back, so it is no longer used.",
        "Post an diese Adresse kam zurück, darum wird sie nicht mehr benutzt.",
    ),
    Reason.CAPPED: (
        "The person had already received as many messages as you allow.",
        "Die Person hatte schon so viele Nachrichten erhalten, wie Sie erlauben.",
    ),
    Reason.LOST_SLOT: (
        "A more important message to the same person took this day's place.",
        "Eine wichtigere Nachricht an dieselbe Person hatte an diesem Tag Vorrang.",
    ),
    Reason.QUIET_HOURS: (
        "Your quiet hours hold at this time.",
        "Zu dieser Zeit gelten Ihre Ruhezeiten.",
    ),
    Reason.OUT_OF_STOCK: (
        "It is sold out.",
        "Es ist ausverkauft.",
    ),
    Reason.CART_EMPTIED: (
        "The person has emptied the cart.",
        "Die Person hat den Warenkorb geleert.",
    ),
    Reason.CART_REPLACED: (
        "A newer cart of the same person took the place of this one.",
        "Ein neuerer Warenkorb derselben Person hat diesen ersetzt.",
    ),
    Reason.BELOW_MINIMUM: (
        "The cart is worth less than your minimum.",
        "Der Warenkorb liegt unter Ihrem Mindestwert.",
    ),
    Reason.ALREADY_REMINDED: (
        "The shop itself has reminded the person within the last 24 hours.",
        "Der Shop selbst hat die Person in den letzten 24 Stunden erinnert.",
    ),
    Reason.SHADOW: (
        "Shadow mode: decided and written, but not sent.",
        "Schattenbetrieb: entschieden und geschrieben, aber nicht gesendet.",
    ),
    Reason.FLOW_OFF: (
        "The flow or this step was switched off.",
        "Der Ablauf oder dieser Schritt wurde ausgeschaltet.",
    ),
    Reason.UNINSTALLED: (
        "Kontor is no longer installed in the shop.",
        "Kontor ist im Shop nicht mehr installiert.",
    ),
    Reason.ERASED: (
        "The person's data were erased on request.",
        "Die Daten der Person wurden auf Verlangen gelöscht.",
    ),
    Reason.DUPLICATE: (
        "This cart has had its reminders already; there is never a second round.",
        "Dieser Warenkorb hatte seine Erinnerungen schon; eine zweite Runde gibt es nie.",
    ),
    Reason.EXPIRED: (
        "It could not be sent while it still made sense.",
        "Sie konnte nicht gesendet werden, solange sie noch sinnvoll war.",
    ),
    Reason.HELD_OUT: (
        "The person belongs to the group that gets nothing, for comparison.",
        "Die Person gehört zur Vergleichsgruppe, die nichts erhält.",
    ),
    Reason.BLAST_HELD: (
        "Unusually many people at once: held until you have looked.",
        "Ungewöhnlich viele Personen auf einmal: angehalten, bis Sie nachgesehen haben.",
    ),
    Reason.SHOP_UNREACHABLE: (
        "The shop did not answer when asked whether the person has bought.",
        "Der Shop hat auf die Frage, ob die Person gekauft hat, nicht geantwortet.",
    ),
    Reason.PROVIDER_REFUSED: (
        "The receiving mail server refused the message for good.",
        "Der empfangende Mailserver hat die Nachricht endgültig abgelehnt.",
    ),
    Reason.TEST_ORDER: (
        "This is a test order.",
        "Dies ist eine Testbestellung.",
    ),
    Reason.BEFORE_LIVE: (
        "The cart was left before the flow was switched on.",
        "Der Warenkorb wurde verlassen, bevor der Ablauf eingeschaltet wurde.",
    ),
    Reason.TOO_OLD: (
        "The cart is older than 14 days.",
        "Der Warenkorb ist älter als 14 Tage.",
    ),
    Reason.RESTING: (
        "The person was reminded of a cart within the last 14 days.",
        "Die Person wurde in den letzten 14 Tagen schon an einen Warenkorb erinnert.",
    ),
    Reason.UNKNOWN: (
        "The line broke while sending: it may have arrived, so it is not sent again.",
        "Die Verbindung brach beim Senden ab: Sie kann angekommen sein und wird nicht erneut gesendet.",
    ),
    Reason.DISCOUNT_SPENT: (
        "The amount you set aside for discounts is used up.",
        "Der Betrag, den Sie für Rabatte vorgesehen haben, ist aufgebraucht.",
    ),
    Reason.DISCARDED: (
        "Unusually many people at once: you looked and decided that they get nothing.",
        "Ungewöhnlich viele Personen auf einmal: Sie haben entschieden, dass sie nichts erhalten.",
    ),
    Reason.PROVIDER_BUSY: (
        "The mail server asked to try again later.",
        "Der Mailserver bat um einen späteren Versuch.",
    ),
    Reason.SENT_AGAIN: (
        "It was in doubt, and a member had it sent again.",
        "Ihr Versand war ungewiss, und ein Mitglied hat sie noch einmal senden lassen.",
    ),
    Reason.LEFT_IN_DOUBT: (
        "It may have arrived; a member decided to leave it at that.",
        "Sie kann angekommen sein; ein Mitglied hat entschieden, es dabei zu belassen.",
    ),
    Reason.MAIL_ACCOUNT: (
        "Your own mail server refuses your account: enter it again, then it goes on.",
        "Ihr eigener Mailserver lehnt Ihr Konto ab: Geben Sie es neu ein, dann geht es weiter.",
    ),
    Reason.COMPLAINED: (
        "The person has reported a message as unwanted.",
        "Die Person hat eine Nachricht als unerwünscht gemeldet.",
    ),
    Reason.DAILY_CEILING: (
        "Your shop had sent as many messages that day as it may.",
        "Ihr Shop hatte an diesem Tag schon so viele Nachrichten gesendet, wie er darf.",
    ),
    Reason.INTERNAL: (
        "A fault of ours stopped it; the operator can see it in the log.",
        "Ein Fehler unsererseits hat sie aufgehalten; der Betreiber sieht ihn im Protokoll.",
    ),
    Reason.OTHER_PERSON: (
        "The cart has become somebody else's.",
        "Der Warenkorb gehört inzwischen jemand anderem.",
    ),
    Reason.TOO_SOON: (
        "The message before it had gone out less than 12 hours earlier.",
        "Die Nachricht davor lag noch keine 12 Stunden zurück.",
    ),
    Reason.NEXT_WAVE: (
        "There was not enough for more people than had been told; the person keeps the place in line.",
        "Es war nicht genug da für mehr Personen, als schon Bescheid wussten; der Platz in der Reihe bleibt.",
    ),
    Reason.NOT_OFFERED: (
        "The product is not published in the shop.",
        "Das Produkt ist im Shop nicht veröffentlicht.",
    ),
    Reason.NO_LONGER_SOLD: (
        "The shop has removed the product.",
        "Der Shop hat das Produkt entfernt.",
    ),
    Reason.LEFT_LINE: (
        "The person no longer wants to be told.",
        "Die Person möchte nicht mehr benachrichtigt werden.",
    ),
    Reason.WAITED_LONG: (
        "The time for which the person wanted to wait is over.",
        "Die Zeit, für die sich die Person eingetragen hatte, ist vorbei.",
    ),
    Reason.NEEDS_MERCHANT: (
        "The connection to the shop must be mended first.",
        "Die Verbindung zum Shop muss erst repariert werden.",
    ),
}


def noted(reason: Reason, detail: str) -> str:
    """A reason as records keep it, with what it is about: "lost_slot:back_in_stock"."""
    return f"{reason.value}:{detail}" if detail else reason.value


# What stands behind the colon is the name of whoever decided.
BY_A_MEMBER = (Reason.SENT_AGAIN, Reason.LEFT_IN_DOUBT)


def sentence(reason: Reason, locale: str) -> str:
    """The sentence for people of `locale`; English where it is not German."""
    english, german = SENTENCES[reason]
    return german if locale.lower().startswith("de") else english
