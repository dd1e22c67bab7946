"""The rest of the training grammar's wording: products, order numbers, dates, urgency, and small talk."""

from __future__ import annotations

# Compositional: hundreds of thousands of names, invented ones included, so that copying is the only way to succeed.
# Many of the words are of the kind that the tokenizer cuts differently after a quotation mark than after a space
# (spotted becomes sp|otted): a model that has met few such words often copies them wrongly. They were added after the
# second held-out set's errors had been read, so that set is a development set for them; the sealed one is not.
MODIFIERS = tuple("""blue red black white green grey yellow purple orange pink golden beige navy oak steel plastic glass
wooden cotton woollen leather ceramic marble rubber iron paper aluminium linen folding large small compact wireless
portable round square long short wide narrow thin thick heavy light soft hard outdoor indoor electric manual digital
adjustable reusable magnetic stackable insulated recycled plain patterned checked floral shiny matt rustic modern
classic deluxe basic children's men's women's travel garden kitchen office bathroom camping winter summer second-hand
extra-large high-speed low-energy twin triple spare spotted quilted tufted ribbed pleated braided embroidered
galvanised fleece damask tartan taupe ochre maroon mauve lilac ivory khaki waxed speckled stained chequered hooded
laminated frosted tinted scented glazed varnished brushed polished engraved knitted crocheted corduroy denim suede silk
nylon polyester acrylic titanium zinc bronze pewter walnut maple birch cedar teak mahogany rattan wicker cork slate
porcelain crystal enamel vinyl jute hemp battery-powered rechargeable solar-powered dimmable extendable detachable
washable dishwasher-safe shockproof windproof fireproof rustproof child-proof weatherproof oversized undersized low-cost
premium ergonomic orthopaedic anti-slip non-stick self-cleaning quick-drying double-sided wall-mounted chilled curved
tapered hexagonal triangular rectangular zebra-print retro scandinavian victorian japanese moroccan festive vegan lemon
cherry emerald charcoal cobalt fuchsia magenta indigo scarlet burgundy peach mint""".split())
HEADS = tuple(name.strip() for name in """desk lamp, kettle, office chair, backpack, keyboard, water bottle,
monitor stand, yoga mat, coffee grinder, rain jacket, bookshelf, headset, router, toaster, notebook, tripod, phone case,
garden hose, alarm clock, cutting board, shelf, knife, watch, bench, brush, box, battery, diary, dish, glass, dress,
scarf, loaf tin, sofa, cushion, blanket, pillow, towel, rug, carpet, candle, vase, mug, cup, plate, saucer, bowl, fork,
spoon, ladle, whisk, sieve, grater, tray, basket, bucket, mop, broom, sponge, hammer, saw, drill, wrench, screwdriver,
ladder, paint roller, nail, screw, hinge, door handle, padlock, key ring, torch, light bulb, extension lead, adapter,
charger, cable, speaker, microphone, camera, lens, memory card, tablet, laptop sleeve, mouse, mouse pad, screen,
projector, radio, record player, guitar, guitar string, drum, flute, piano stool, music folder, tent, rucksack,
camping stove, cool box, map, kayak paddle, life vest, swimming goggle, swimsuit, tennis racket, football, basketball,
shuttlecock, dumbbell, skipping rope, bike lock, bell, saddle, pannier, inner tube, car seat, roof box, floor mat, tyre,
wiper blade, dog bed, cat tree, bird feeder, fish tank, rabbit hutch, lead, collar, toy train, doll, puzzle, teddy bear,
kite, building set, card game, sandpit, paddling pool, pram, high chair, cot, nappy bag, baby monitor, shirt, blouse,
jumper, coat, belt, hat, cap, glove, sock, shoe, boot, sandal, slipper, tie, handbag, wallet, purse, suitcase, necklace,
bracelet, ring, earring, perfume, shampoo, soap, toothbrush, razor, comb, nail file, bath mat, mixer, oven, fridge,
freezer, dishwasher, washing machine, iron, fan, heater, air filter, vacuum cleaner, plant, seed tray, watering can,
rake, spade, lawn mower, hedge trimmer, greenhouse, compost bin, parasol, garden table, grill, fire pit, bird bath,
fence panel, stapler, hole punch, pen, pencil, marker, ruler, envelope, stamp, folder, binder, calendar, whiteboard,
desk organiser, filing cabinet, poster, globe light, mirror tile, coat rack, wardrobe, bed frame, headboard, side table,
footstool, bar stool, dining table, lampshade, blind, hook, clothes peg, laundry bag, ironing cover, bin, storage jar,
bread bin, teacup, thermos, corkscrew, bottle opener, peeler, saucepan, casserole, baking sheet, cake tin,
apron, tv stand, led strip, pvc pipe, hdmi cable, gps tracker, dvd player, cd rack, ac adapter, diy kit, lcd panel,
pizza cutter, omelette ring, wok, tagine, trivet, colander, zester, mandoline, carafe, decanter, tureen, ramekin,
banjo, cello bow, oboe reed, zither, maraca, tambourine, kazoo, snorkel, surfboard, wakeboard, crampon, carabiner,
pogo stick, yo-yo, jigsaw, abacus, easel, chisel, plane iron, spirit level, wheel brace, dehumidifying bag, bidet,
chamber pot, ottoman, chaise, futon, duvet, bolster, valance, trellis, gazebo, pergola, birdhouse, terrarium, aquarium,
stepladder, crowbar, anvil, mallet, bobbin, thimble, knitting needle, crochet hook, lanyard, monocle, cufflink, cravat,
kimono, poncho, leotard, tutu, moccasin, espadrille""".split(","))
# --8<-- [start:invented]
SYLLABLES = tuple("""ba bel bri cor da del dor el fa fen fi gra hal in jo ka kel lan lo lu mar me mi nor ol pa pel qui
ra ren ri sa sol ta ter tri ul va ven vi wol xan ya yor za zil""".split())
INVENTED_NOUNS = (
    "mixer", "pump", "filter", "holder", "frame", "sensor", "bag", "lamp", "cover", "kit", "cleaner", "case",
)
# --8<-- [end:invented]

SINGULAR_DETERMINERS = ("the", "a", "my", "our", "this", "one", "1", "that", "just one", "1x", "1 x")
PLURAL_DETERMINERS = ("", "", "", "the ", "my ", "our ", "these ", "all ", "exactly ")
COUNT_AFTER = (" (quantity {count})", " x {count}", " x{count}", ", {count} pieces,", " ({count})", " ({count} pcs)")
COUNTED_PHRASES = {2: ("a pair of", "a couple of"), 6: ("half a dozen",), 12: ("a dozen",)}

ORDER_PHRASES = (" (order {order})", " from order {order}", ", order number {order}", " (order no. {order})",
                 ", order {order}", " in order {order}", " under order number {order},", " (#{order})", " - {order} -",
                 " (my order: {order})", " (your reference {order})", " ({order})", " on order {order}")
ORDER_SENTENCES = ("The order number is {order}.", "My order: {order}.", "Order {order}.", "Reference: {order}.",
                   "You will find it under {order}.", "It was order {order}.", "{order} is the order number.",
                   "I have the number {order} here.", "(Order no. {order})", "Order ID {order}.")
DUE_PHRASES = (
    "I need it [by|before|until] {date}.", "This must be done by {date}.", "The deadline is {date}.",
    "Please [sort|settle|handle|finish] it before {date}.", "It has to happen by {date}[, latest|].",
    "[Due|Deadline|Needed by|Latest]: {date}.", "By {date}, please.",
    "I [want|need] this [solved|done|ready] by {date}.", "We must have it on {date}.", "{date} is our deadline.",
    "Not later than {date}, please.", "[Can|Could] this be done until {date}?",
    "[Please answer|Please act|Get back to me] before {date}.", "It would be too late after {date}.",
    "The last possible day is {date}.", "My [birthday|trip|event|move] is on {date}, so by then.",
    "Our [party|inspection|audit|opening] is on {date} and it must be done before that.", "I give you until {date}.",
    "[The office|Our shop] closes on {date}, it must be settled by then.", "To be completed by {date}.",
    "I'd like to see that finished by {date}.", "Do it by {date} or earlier.",
    "We need everything in place on {date}.", "Not after {date}!", "{date} at the very latest!",
    "Target date {date}.", "We can wait until {date}, not longer.", "Can you make it by {date}?",
    "Please have it ready for {date}.", "Let it be done before {date} comes around.",
)
URGENCY_PHRASES = {
    "high": (
        "This is [urgent|very urgent|extremely urgent|an emergency|critical]!", "Please hurry[ up|].",
        "I need this ASAP.", "As [soon|fast|quickly] as possible[, please|]!",
        "[Be quick|Quickly|Hurry|Fast], please!", "It is [pressing|time-critical].",
        "I [can't|cannot] wait [any longer|long|at all].", "There is no time to [lose|waste].",
        "Immediately[, please|]!", "This has [top|the highest|absolute] priority.",
        "Please [act|reply|respond] [now|today|at once|fast].", "We are under [great|heavy|real] time pressure.",
        "Urgent!", "URGENT", "It's really [urgent|important to be fast].",
        "I need [help|an answer|action] right now.", "Don't [delay|wait|let this lie].",
        "Every [minute|day] matters.", "Please treat this with [urgency|the highest priority].",
        "We are [desperate|in a great hurry|running out of time].", "Without delay[, please|]!", "It must be fast.",
        "Do this first[, please|].", "The sooner the better, it is urgent.", "Time is [short|running out].",
        "I'm in a [hurry|rush].", "This is a rush job.", "Speed matters [most|now].", "Put everything else aside.",
        "Our [shop|business] stands still until you act!", "Express, please!", "Quick help needed.",
        "You have to act now.", "I need it yesterday!", "High priority.",
    ),
    "low": (
        "No [rush|hurry|stress].", "Whenever you have time.", "Take your time.",
        "It is not [pressing|urgent|important].", "There is no [need to hurry|time pressure].",
        "Any time [will do|is fine|suits].", "It can [wait|wait a while|take some time].", "I'm in no hurry.",
        "I don't mind [waiting|a delay].", "Please don't [hurry|rush|stress].", "When you get round to it.",
        "Low priority.", "Not urgent at all.", "It's [nothing urgent|no emergency].",
        "[Later|Next week|Next month] is fine too.", "I am [patient|not in a rush].", "At your convenience.",
        "If you have a [free|spare|quiet] moment.", "We have [plenty of|lots of|enough] time.",
        "This has low priority.", "Do it [some day|eventually|when it suits you].", "There's no deadline pressure.",
        "You can leave it for [now|later|after the holidays].", "Slowly is fine.", "Other customers can go first.",
        "Only when things are quiet.", "A late reply is [okay|no problem].",
        "It does not have to be [soon|quick|today].", "Feel no pressure.", "I can be patient.",
        "It matters little when.", "Do the urgent ones first, mine can wait.", "Whenever it suits.",
        "No need to be fast.",
    ),
}
OPENERS = (
    "Hi,", "Hello,", "Hi there,", "Good morning,", "Good afternoon,", "Dear team,", "Dear support,", "Hey,",
    "Hey there,", "Dear all,", "Hi team,", "Morning!", "Excuse me,", "Dear shop,", "", "", "", "", "", "",
)
CLOSERS = (
    "Thanks!", "Regards, Sam", "Thank you.", "Cheers, Mia", "Best, Tom", "Kind regards, Lena Roth", "Thx",
    "Best wishes, A. Khan", "Many greetings from Leeds", "Yours faithfully, Olu", "Bye", "Ta!", "", "", "", "", "",
    "",
)
# Sentences that fill no slot: their numbers and dates are traps on purpose.
FILLERS = (
    "I hope you are well.", "I have been a customer for [3|5|8|12] years.", "My phone number is 555 01[10|27|64|93].",
    "I live at [7|14|22|31] Mill Lane.", "I [called|wrote|emailed] [twice|three times] already.",
    "You were recommended by a colleague.", "I ordered on [3 March|the 9th|Tuesday|12 June].",
    "We are a family of [three|four|5|6].", "It rains all day here.", "I paid [20|45|80|120] euros.",
    "Your shop is great.", "I turned [30|40|60] this year.", "Sorry for my English.",
    "My postcode is [4051|8003|1090].", "I am writing from [Leeds|Oslo|Basel|Lyon].",
    "My account name is [sunny7|blue42|marie88].", "We spoke on [Monday|Friday|2 May].",
    "The parcel weighed [2|3|7] kilos.", "Nice website!", "This is my second message.",
    "I use [it|them] every day, usually.", "The assistant in room [4|9|12] was friendly.", "My cat is called Momo.",
)
