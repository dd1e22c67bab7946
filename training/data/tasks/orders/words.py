"""The rest of the training grammar's wording: products, order numbers, dates, urgency, and small talk."""

from __future__ import annotations

from training.data.tasks.orders.wording import due, small_talk, urgency

# Compositional: hundreds of thousands of names, invented ones included, so that copying is the only way to succeed.
# Many of the words are of the kind that the tokenizer cuts differently after a quotation mark than after a space
# (spotted becomes sp|otted): a model that has met few such words often copies them wrongly. They were added after the
# second held-out set's errors had been read, so that set is a development set for them; the sealed one is not.
MODIFIERS = tuple(
    """blue red black white green grey yellow purple orange pink golden beige navy oak steel plastic
glass wooden cotton woollen leather ceramic marble rubber iron paper aluminium linen folding large small compact
wireless portable round square long short wide narrow thin thick heavy light soft hard outdoor indoor electric manual
digital adjustable reusable magnetic stackable insulated recycled plain patterned checked floral shiny matt rustic
modern classic deluxe basic children's men's women's travel garden kitchen office bathroom camping winter summer
second-hand extra-large high-speed low-energy twin triple spare spotted quilted tufted ribbed pleated braided
embroidered galvanised fleece damask tartan taupe ochre maroon mauve lilac ivory khaki waxed speckled stained
chequered hooded laminated frosted tinted scented glazed varnished brushed polished engraved knitted crocheted
corduroy denim suede silk nylon polyester acrylic titanium zinc bronze pewter walnut maple birch cedar teak mahogany
rattan wicker cork slate porcelain crystal enamel vinyl jute hemp battery-powered rechargeable solar-powered dimmable
extendable detachable washable dishwasher-safe shockproof windproof fireproof rustproof child-proof weatherproof
oversized undersized low-cost premium ergonomic orthopaedic anti-slip non-stick self-cleaning quick-drying
double-sided wall-mounted chilled curved tapered hexagonal triangular rectangular zebra-print retro scandinavian
victorian japanese moroccan festive vegan lemon cherry emerald charcoal cobalt fuchsia magenta indigo scarlet
burgundy peach mint salmon plum rust lavender lightweight collapsible fluffy furry bendy sturdy gothic nautical
rainbow polka-dot pinstriped gingham felt canvas concrete chrome platinum bulletproof noise-cancelling two-piece
three-legged left-handed junior full-length half-size refillable scratch-resistant heat-resistant
gluten-free""".split()
)

HEADS = tuple(
    name.strip()
    for name in """desk lamp, kettle, office chair, backpack, keyboard, water bottle,
monitor stand, yoga mat, coffee grinder, rain jacket, bookshelf, headset, router, toaster, notebook, tripod,
phone case, garden hose, alarm clock, cutting board, shelf, knife, watch, bench, brush, box, battery, diary, dish,
glass, dress, scarf, loaf tin, sofa, cushion, blanket, pillow, towel, rug, carpet, candle, vase, mug, cup, plate,
saucer, bowl, fork, spoon, ladle, whisk, sieve, grater, tray, basket, bucket, mop, broom, sponge, hammer, saw, drill,
wrench, screwdriver, ladder, paint roller, nail, screw, hinge, door handle, padlock, key ring, torch, light bulb,
extension lead, adapter, charger, cable, speaker, microphone, camera, lens, memory card, tablet, laptop sleeve,
mouse, mouse pad, screen, projector, radio, record player, guitar, guitar string, drum, flute, piano stool,
music folder, tent, rucksack, camping stove, cool box, map, kayak paddle, life vest, swimming goggle, swimsuit,
tennis racket, football, basketball, shuttlecock, dumbbell, skipping rope, bike lock, bell, saddle, pannier,
inner tube, car seat, roof box, floor mat, tyre, wiper blade, dog bed, cat tree, bird feeder, fish tank,
rabbit hutch, lead, collar, toy train, doll, puzzle, teddy bear, kite, building set, card game, sandpit,
paddling pool, pram, high chair, cot, nappy bag, baby monitor, shirt, blouse, jumper, coat, belt, hat, cap, glove,
sock, shoe, boot, sandal, slipper, tie, handbag, wallet, purse, suitcase, necklace, bracelet, ring, earring, perfume,
shampoo, soap, toothbrush, razor, comb, nail file, bath mat, mixer, oven, fridge, freezer, dishwasher,
washing machine, iron, fan, heater, air filter, vacuum cleaner, plant, seed tray, watering can, rake, spade,
lawn mower, hedge trimmer, greenhouse, compost bin, parasol, garden table, grill, fire pit, bird bath, fence panel,
stapler, hole punch, pen, pencil, marker, ruler, envelope, stamp, folder, binder, calendar, whiteboard,
desk organiser, filing cabinet, poster, globe light, mirror tile, coat rack, wardrobe, bed frame, headboard,
side table, footstool, bar stool, dining table, lampshade, blind, hook, clothes peg, laundry bag, ironing cover, bin,
storage jar, bread bin, teacup, thermos, corkscrew, bottle opener, peeler, saucepan, casserole, baking sheet,
cake tin, apron, tv stand, led strip, pvc pipe, hdmi cable, gps tracker, dvd player, cd rack, ac adapter, diy kit,
lcd panel, pizza cutter, omelette ring, wok, tagine, trivet, colander, zester, mandoline, decanter, tureen,
ramekin, banjo, cello bow, oboe reed, zither, maraca, tambourine, kazoo, snorkel, surfboard, wakeboard, crampon,
carabiner, pogo stick, yo-yo, jigsaw, abacus, easel, chisel, plane iron, spirit level, wheel brace,
dehumidifying bag, bidet, chamber pot, ottoman, chaise, futon, duvet, bolster, valance, trellis, gazebo, pergola,
birdhouse, terrarium, aquarium, stepladder, crowbar, anvil, mallet, bobbin, thimble, knitting needle, crochet hook,
lanyard, monocle, cufflink, cravat, kimono, poncho, leotard, tutu, moccasin, espadrille, bookmark, doorstop, coaster,
napkin ring, kitchen scale, bedside rug, toilet brush, laundry basket, wall sticker, picture hook, photo album,
lunch tin, hand blender, waffle maker, salad spinner, butter dish, gravy boat, cake stand, pepper grinder, tea towel,
chopstick, pillowcase, hot-water bottle, dressing gown, rain boot, ski pole, ice skate, golf glove, chess clock,
rubber duck, hobby horse, glue gun, tape measure, garden gnome, plant label, bee hotel, hammock hook, cat flap,
hamster wheel, dog whistle, violin string, music stand, trumpet mute, harmonica, webcam, desk fan, hard disk,
graphics card, label printer, money box, luggage tag, passport cover, eye mask, bike pump, mudguard, tow rope,
jump lead, snow brush""".split(",")
)


SYLLABLES = tuple(
    """ba bel bri cor da del dor el fa fen fi gra hal in jo ka kel lan lo lu mar me mi nor ol pa pel qui
ra ren ri sa sol ta ter tri ul va ven vi wol xan ya yor za zil""".split()
)

INVENTED_NOUNS = (
    "mixer",
    "pump",
    "filter",
    "holder",
    "frame",
    "sensor",
    "bag",
    "lamp",
    "cover",
    "kit",
    "cleaner",
    "case",
)


SINGULAR_DETERMINERS = (
    "the",
    "a",
    "my",
    "our",
    "this",
    "one",
    "1",
    "that",
    "just one",
    "1x",
    "1 x",
    "a single",
    "your",
    "just the one",
    "one single",
)

PLURAL_DETERMINERS = ("", "", "", "the ", "my ", "our ", "these ", "all ", "exactly ", "your ", "a total of ")

COUNT_AFTER = (
    " (quantity {count})",
    " x {count}",
    " x{count}",
    ", {count} pieces,",
    " ({count})",
    " ({count} pcs)",
    " (qty {count})",
    " ({count} units)",
    " ({count} of them)",
    " ({count} in total)",
    ", {count} in number,",
)

COUNTED_PHRASES = {2: ("a pair of", "a couple of", "both", "both of the"), 6: ("half a dozen",), 12: ("a dozen",)}

ORDER_PHRASES = (
    " (order {order})",
    " from order {order}",
    ", order number {order}",
    " (order no. {order})",
    ", order {order}",
    " in order {order}",
    " under order number {order},",
    " (#{order})",
    " - {order} -",
    " (my order: {order})",
    " (your reference {order})",
    " ({order})",
    " on order {order}",
    " (order: {order})",
    " (ref. {order})",
    " with the order number {order}",
    " (PO {order})",
    " (purchase {order})",
    " under {order}",
    " as per order {order}",
    " (ticket {order})",
    " / {order} /",
    " (order reference {order})",
    ", reference {order}",
    " filed under {order}",
    " (your no. {order})",
    " (ord. {order})",
    ", see order {order}",
    " belonging to order {order}",
    " (confirmation {order})",
)

ORDER_SENTENCES = (
    "The order number is {order}.",
    "My order: {order}.",
    "Order {order}.",
    "Reference: {order}.",
    "You will find it under {order}.",
    "It was order {order}.",
    "{order} is the order number.",
    "I have the number {order} here.",
    "(Order no. {order})",
    "Order ID {order}.",
    "The confirmation email says {order}.",
    "On the slip I read {order}.",
    "Look for {order}.",
    "My reference is {order}.",
    "Your reference {order}.",
    "That was {order}.",
    "Our PO is {order}.",
    "Filed as {order}.",
    "Number: {order}.",
    "It goes by the number {order}.",
    "({order})",
    "In your emails it is called {order}.",
    "Order code {order}.",
    "The number on my screen: {order}.",
    "I ordered under {order}.",
    "You gave me the number {order}.",
    "{order}, if you need the order number.",
)

DUE_PHRASES = due.DUE_PHRASES
URGENCY_PHRASES = {"high": urgency.HIGH, "low": urgency.LOW}
OPENERS, CLOSERS, FILLERS = small_talk.OPENERS, small_talk.CLOSERS, small_talk.FILLERS
