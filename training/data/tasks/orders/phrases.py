"""The wordings of the training grammar: what customers write around the slots.

``[a|b|c]`` stands for one of several words; ``{item}`` is the product with its number, ``{ref}`` an order number or
nothing, and ``{it} {they} {is} {was} {has} {does} {one} {new_one} ...`` agree with the quantity. Variety is the
point: the same request in everyday, formal, angry and clipped words, so that the model learns what is asked and not
which sentence it saw. The requests stand in ``orders_wording``, one module an intent. Stories
(STORIES) tell what happened and decide nothing: the same story stands before different requests.
"""

from __future__ import annotations

from training.data.tasks.orders.wording import buy, cancel, invoice, refund, replace, track

_INTENTS = {"refund": refund, "replace": replace, "cancel": cancel, "track": track, "buy": buy, "invoice": invoice}
DIRECT = {intent: module.DIRECT for intent, module in _INTENTS.items()}


# After a sentence that has already named the product.
AFTER = {intent: module.AFTER for intent, module in _INTENTS.items()}

INTRODUCTIONS = (
    "I [bought|ordered|paid for] {item} [from you|in your shop|online|last month]{ref}.",
    "This is about {item}{ref}.",
    "[My question is|I am writing|This message is] about {item}{ref}.",
    "{item}{ref}.",
    "Regarding {item}{ref}:",
    "We [placed an order for|ordered] {item}{ref}.",
    "You [have|took] our order of {item}{ref}.",
    "It concerns {item}{ref}.",
    "About {item}{ref}:",
    "[Last week|In spring|Some days ago] we ordered {item}{ref}.",
    "I have a [question|request|matter to raise] about {item}{ref}.",
    "Subject: {item}{ref}.",
    "Re: {item}{ref}.",
    "My [wife|boss|dad|flatmate] [ordered|bought] {item} [from you|at your shop]{ref}.",
    "[Concerning|As to] {item}{ref}:",
    "With reference to {item}{ref}:",
    "It's to do with {item}{ref}.",
    "You may recall that I [ordered|bought] {item}{ref}.",
    "There was an order for {item}{ref}.",
    "In my [name|account] you'll find {item}{ref}.",
    "So, {item}{ref}.",
    "[Purchased|Ordered]: {item}{ref}.",
    "I'm the one who ordered {item}{ref}.",
    "We have {item} on order{ref}.",
    "I made an order for {item}{ref} [some time back|the other day].",
    "Right, {item}{ref}.",
    "Item: {item}{ref}.",
    "[Ages ago|Before Easter|On holiday] I [picked out|chose] {item} from your shop{ref}.",
)

BUY_INTRODUCTIONS = (
    "I [saw|found|noticed] {item} [on your website|in your shop|in your list].",
    "We [lack|are short of] {item}.",
    "I am looking for {item}.",
    "My question is about {item}.",
    "{item}.",
    "This is about {item}.",
    "[Our eye|My eye] fell on {item}.",
    "I've been dreaming of {item}.",
    "Your page lists {item}.",
    "So, {item}.",
    "In your catalogue there {is} {item}.",
    "My sister recommended {item}.",
    "I don't own {item} yet.",
    "About {item}:",
    "You seem to have {item} [in stock|on offer].",
    "[The team|Our club|My mum] [needs|wants] {item}.",
    "Item: {item}.",
)


# What happened; decides nothing, so it may stand before any request that it does not contradict.
STORIES = {
    "trouble": (
        "The box was [wet|open|torn].",
        "{they} {does} not fit.",
        "{they} {is} [too small|too big|too heavy].",
        "The quality is [poor|bad|disappointing].",
        "{they} {was} [broken|damaged] when I opened the box.",
        "The colour is [wrong|not what I chose].",
        "A part is missing.",
        "{they} stopped working.",
        "{they} came late.",
        "My wife says {they} {is} ugly.",
        "{they} {does} not [do the job|match the picture|feel right].",
        "The paint [peels|flakes] already.",
        "[Half the screws were|The plug was] not in the box.",
        "It smells of [glue|smoke].",
        "I expected better.",
        "{they} [fell apart|came apart] in my hands.",
        "My son cut himself on a sharp edge.",
        "The photo on your site showed something else.",
        "The box had been opened before.",
        "What a letdown.",
        "I tried to mend {it} with tape.",
    ),
    "waiting": (
        "I ordered [two weeks|ten days|a month] ago.",
        "The website said three days.",
        "The payment went through.",
        "I am at home all week.",
        "The confirmation came [the same day|by email].",
        "My bank shows the payment.",
        "The order page says [paid|open].",
        "I used my [old|new|work] card.",
        "The address is [my sister's|the office].",
        "My neighbour takes in parcels.",
        "I paid extra for delivery.",
    ),
    "plans": (
        "We have [moved|changed plans].",
        "My brother already has something like that.",
        "It was meant as a present.",
        "I [lost my job|have to save money].",
        "My wife bought the same elsewhere.",
        "The room is too small for that.",
        "We closed the [office|shop].",
        "I acted without thinking.",
        "My doctor advises against it.",
    ),
    "neutral": (
        "I am a regular customer.",
        "I am writing for my mother.",
        "My son set up the account.",
        "I tried the phone first.",
        "Your website would not let me do it.",
        "I am [not good|hopeless] with computers.",
        "My colleague is on leave, so I write.",
        "I run a small [bakery|hotel|garage].",
        "You helped me well last time.",
        "I teach at a [primary school|college].",
        "The chat window closed on me.",
        "Nobody picked up the phone.",
        "I looked in your help pages first.",
        "My eyes are bad, so I use large letters.",
        "I am the [caretaker|new assistant|treasurer] here.",
        "It goes through our purchasing office.",
    ),
}

STORIES_FOR = {
    "refund": ("trouble", "neutral", "waiting", "plans"),
    "replace": ("trouble", "neutral"),
    "cancel": ("waiting", "neutral", "plans"),
    "track": ("waiting", "neutral"),
    "buy": ("neutral",),
    "invoice": ("neutral", "waiting", "trouble"),
}
