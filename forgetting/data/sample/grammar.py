"""Words and sentence patterns of the synthetic sample, as plain tables; `generate.py` writes with them.

A pattern has two kinds of gaps: `[a|b|]` takes one of its alternatives (an empty one leaves the gap out), and
`{pool}` takes a phrase of that pool. Phrases of `fruit` and `note` have no article, so that they fit lists.
"""

from typing import NamedTuple


class Style(NamedTuple):
    """How wines of one class are described.

    reviews: how many are written. kind: what they look like and which structure they have.
    kin: the classes that an atypical bottle is mistaken for.
    weights: "family weight family weight …". typical: phrases drawn more often than the rest of their family.
    """

    reviews: int
    kind: str
    kin: str
    weights: str
    typical: str


# Unequal on purpose (231 to 36), so that the majority baseline, macro-F1 and stratification have work to do.
STYLES = {
    "Cabernet Sauvignon": Style(
        231,
        "red",
        "Malbec, Merlot, Red Blend, Red Blend, Syrah",
        "darkfruit 9 redfruit 1 green 3 earth 5 spice 1 oak 4 mineral 1 deep 6 pale 1 firm 7 plush 2 grip "
        "7 soft 1 sharp 1 mild 2 newoak 7 oldoak 1 beef 8 game 2 cheese 3",
        "blackcurrant, cassis, black cherry, bell pepper, mint, eucalyptus, cedar, graphite, cigar box, "
        "pencil lead, dark chocolate, structured, muscular, commanding, dense, stern, polished, firm, "
        "grippy, dusty, prime rib, a dry-aged ribeye, a porterhouse, aged cheddar, new French oak",
    ),
    "Red Blend": Style(
        187,
        "red",
        "Cabernet Sauvignon, Cabernet Sauvignon, Malbec, Merlot, Syrah",
        "darkfruit 5 redfruit 6 sweet 4 spice 5 oak 3 earth 1 deep 3 pale 3 plush 7 firm 1 grip 1 soft 6 "
        "sharp 1 mild 5 newoak 2 oldoak 6 pork 4 pasta 6 snack 4 spicy 2",
        "blackberry jam, cherry pie, boysenberry, raspberry coulis, cherry cola, cinnamon, allspice, "
        "nutmeg, brown sugar, fig paste, gingerbread, molasses, maple syrup, easygoing, jammy, "
        "approachable, generous, rounded, gentle, relaxed, burgers, meatball subs, pepperoni pizza, pulled "
        "pork, baby back ribs, used barrels",
    ),
    "Chardonnay": Style(
        164,
        "white",
        "Sparkling, Sauvignon Blanc, Riesling",
        "orchard 8 citrus 3 tropical 3 oak 6 yeast 3 mineral 1 creamy 8 crisp 1 sharp 1 mild 5 newoak 5 "
        "oldoak 2 lees 4 poultry 7 shellfish 3 seafood 2 pasta 2",
        "golden apple, baked apple, ripe pear, lemon curd, pineapple, mango, hazelnut, butterscotch, fresh "
        "butter, vanilla, crème brûlée, sweet cream, pie crust, buttery, creamy, rich, broad, moderate, "
        "balanced, lobster rolls, roast chicken, chicken in cream sauce, halibut in brown butter, new "
        "barrels, toasted American oak",
    ),
    "Pinot Noir": Style(
        148,
        "red",
        "Merlot, Syrah, Red Blend",
        "redfruit 10 floral 4 earth 6 spice 3 oak 1 mineral 1 deep 1 pale 8 light 7 plush 2 grip 1 soft 7 "
        "sharp 6 mild 1 oldoak 7 newoak 1 poultry 5 game 3 seafood 3 greens 2",
        "red cherry, cranberry, wild strawberry, rhubarb, pomegranate, sour cherry, forest floor, "
        "mushroom, leaf mold, beetroot, truffle, rose petal, potpourri, star anise, ethereal, graceful, "
        "delicate, translucent, fine-grained, silky, vibrant, crunchy, seared duck breast, cedar-plank "
        "salmon, mushroom risotto, coq au vin, puncheons",
    ),
    "Sauvignon Blanc": Style(
        112,
        "white",
        "Riesling, Chardonnay, Sparkling",
        "citrus 7 tropical 5 orchard 1 green 9 mineral 3 floral 1 crisp 9 sharp 8 steel 8 shellfish 4 "
        "seafood 5 greens 6 cheese 1",
        "grapefruit, lime zest, passion fruit, gooseberry, guava, kiwi, fresh-cut grass, nettle, boxwood, "
        "tomato leaf, jalapeño, lemongrass, snow pea, flint, zesty, racy, snappy, zippy, piercing, "
        "bracing, goat cheese salad, ceviche, asparagus quiche, fish tacos, stainless steel, steel tanks",
    ),
    "Malbec": Style(
        94,
        "red",
        "Cabernet Sauvignon, Merlot, Red Blend, Syrah",
        "darkfruit 10 redfruit 1 floral 6 oak 5 spice 1 earth 1 deep 8 plush 6 firm 4 grip 2 soft 5 sharp "
        "2 mild 3 newoak 4 oldoak 3 beef 8 spicy 3 pork 3",
        "blueberry, black plum, damson, mulberry, blackberry, violet, lavender, iris, mocha, cocoa powder, "
        "milk chocolate, espresso, velvety, inky, juicy, succulent, concentrated, suede-like, ripe, skirt "
        "steak, chorizo, beef empanadas, brisket tacos, grilled flank steak, opaque purple, barriques",
    ),
    "Rosé": Style(
        78,
        "rosé",
        "Sparkling, Pinot Noir, Sauvignon Blanc",
        "summer 8 redfruit 3 citrus 3 orchard 1 floral 4 mineral 3 green 1 light 4 crisp 6 sharp 5 mild 2 "
        "steel 6 seafood 4 greens 5 snack 2 spicy 2 shellfish 2",
        "watermelon, strawberry, blood orange, pink grapefruit, wild strawberry, white peach, hibiscus, "
        "orange blossom, sea salt, oyster shell, breezy, thirst-quenching, dainty, refreshing, brisk, "
        "salade niçoise, grilled shrimp, tomato tart, tuna tartare, hummus and pita",
    ),
    "Syrah": Style(
        63,
        "red",
        "Malbec, Cabernet Sauvignon, Red Blend",
        "darkfruit 7 redfruit 1 meat 8 spice 8 floral 1 earth 1 deep 7 pale 1 firm 8 plush 1 grip 4 soft 2 "
        "sharp 3 mild 1 oldoak 4 newoak 2 game 8 beef 2 pork 3",
        "blueberry, blackberry, black raspberry, black pepper, white pepper, juniper, licorice, black "
        "olive, smoked bacon, cured meat, tar, wood smoke, savory, brooding, burly, chewy, gravelly, "
        "rugged, leg of lamb, lamb kebabs, venison stew, moussaka, wild boar sausages, concrete tanks",
    ),
    "Sparkling": Style(
        52,
        "sparkling",
        "Chardonnay, Rosé, Riesling",
        "orchard 6 citrus 6 yeast 9 mineral 4 floral 1 crisp 6 creamy 2 light 2 sharp 6 lees 8 shellfish 5 "
        "snack 7 cheese 2",
        "green apple, crabapple, lemon zest, clementine, brioche, biscuit, toasted almond, bread dough, "
        "pastry, chalk, festive, vivacious, lacy, bright, oysters, salted potato chips, fried chicken, "
        "caviar on blini, popcorn",
    ),
    "Riesling": Style(
        41,
        "white",
        "Sauvignon Blanc, Chardonnay, Sparkling",
        "citrus 5 orchard 7 sweet 6 mineral 7 floral 4 crisp 3 light 1 offdry 9 sharp 7 steel 6 spicy 9 "
        "pork 3 shellfish 2",
        "apricot, white peach, nectarine, lime, mandarin, petrol, slate, wet stone, honeycomb, honey, "
        "beeswax, jasmine, linden blossom, off-dry, honeyed, gently sweet, electric, laser-like, nervy, "
        "pad thai, green curry, crab cakes, pork schnitzel, bratwurst, kung pao tofu",
    ),
    "Merlot": Style(
        36,
        "red",
        "Cabernet Sauvignon, Malbec, Red Blend",
        "redfruit 5 darkfruit 6 oak 4 earth 3 green 4 floral 1 deep 4 pale 4 plush 10 soft 9 grip 1 mild 7 "
        "sharp 1 newoak 3 oldoak 4 pasta 4 beef 5 poultry 3",
        "red plum, plum compote, black cherry, prune, bay leaf, dried marjoram, sage, tobacco leaf, damp "
        "clay, milk chocolate, toast, supple, round, plush, mellow, melted, soft, powdery, integrated, pot "
        "roast, lasagna, meatloaf, short ribs, herbed turkey burgers, large old casks",
    ),
}

# Pools of phrases. One a line; an indented line continues the one above. `pool.family` is drawn with the
# weights of a style (`pool.kind` for its kind alone); a pool without families says nothing about the style.
WORDS = """
fruit.darkfruit: blackcurrant, cassis, blackberry, black cherry, black plum, mulberry, boysenberry,
  blueberry, damson, huckleberry, elderberry, black raspberry, plum compote, blackberry jam, dried fig,
  prune, bramble fruit
fruit.redfruit: red cherry, raspberry, strawberry, cranberry, redcurrant, pomegranate, sour cherry, wild
  strawberry, red plum, rhubarb, loganberry, cherry pie, raspberry coulis, cherry cola, cherry skin, red
  licorice
fruit.summer: watermelon, blood orange, pink grapefruit, strawberry sorbet, peach iced tea, red apple,
  wild raspberry, maraschino cherry
fruit.citrus: lemon zest, lime, grapefruit, mandarin, tangerine, lemon curd, bergamot, yuzu, candied orange
  peel, kumquat, pomelo, lime zest, preserved lemon, clementine
fruit.orchard: green apple, golden apple, ripe pear, quince, baked apple, white peach, nectarine, apricot,
  yellow plum, pear skin, poached pear, peach cobbler, apple cider, greengage, crabapple
fruit.tropical: pineapple, mango, passion fruit, guava, papaya, melon, kiwi, lychee, star fruit, gooseberry,
  cantaloupe, banana
note.floral: violet, rose petal, lavender, orange blossom, honeysuckle, jasmine, acacia, hibiscus, peony,
  elderflower, chamomile, iris, lilac, potpourri, linden blossom, geranium
note.green: bell pepper, mint, eucalyptus, tomato leaf, fresh-cut grass, basil, thyme, rosemary, sage,
  fennel, bay leaf, jalapeño, nettle, boxwood, snow pea, tarragon, lemongrass, dried marjoram, oregano, dill,
  pine resin
note.earth: forest floor, mushroom, leaf mold, beetroot, truffle, potting soil, tobacco leaf, leather,
  cedar, pencil lead, graphite, damp clay, cigar box, underbrush, dusty earth, old paper
note.spice: black pepper, white pepper, clove, cinnamon, star anise, licorice, nutmeg, allspice, cardamom,
  juniper, coriander seed, fenugreek, pink peppercorn, saffron, mace
note.oak: vanilla, toast, coconut, caramel, butterscotch, mocha, dark chocolate, espresso, cocoa powder,
  toffee, hazelnut, milk chocolate, maple syrup, fresh butter, crème brûlée, sawdust, roasted walnut,
  sandalwood
note.mineral: wet stone, crushed rock, chalk, flint, sea salt, oyster shell, slate, petrol, river stone,
  iodine, seaweed, rain on warm asphalt, iron, struck match
note.yeast: brioche, biscuit, bread dough, sourdough, toasted almond, shortbread, pie crust, marzipan, sweet
  cream, pastry, buttermilk, oatmeal
note.meat: smoked bacon, game, cured meat, black olive, grilled meat, tar, charcoal, soy sauce, wood smoke,
  beef broth, pancetta, roasted chestnut
note.sweet: honey, beeswax, marmalade, candied ginger, honeycomb, brown sugar, fig paste, gingerbread,
  molasses, quince jelly, cotton candy
texture.plush: plush, velvety, supple, round, lush, silky, polished, juicy, easygoing, jammy, approachable,
  generous, mellow, succulent, sumptuous, opulent, cushiony
texture.firm: structured, muscular, dense, brooding, chewy, sturdy, concentrated, powerful, inky, savory,
  commanding, burly, tightly wound, stern, extracted, serious, hefty
texture.crisp: crisp, zesty, racy, tangy, bright, mouthwatering, brisk, snappy, breezy, thirst-quenching,
  festive, tart, taut, refreshing, zippy, electric, vivacious
texture.creamy: creamy, buttery, broad, waxy, rich, oily, ample, smooth, full, weighty, satiny
texture.light: delicate, ethereal, graceful, airy, lacy, translucent, feathery, nimble, dainty, understated,
  weightless
texture.offdry: off-dry, honeyed, luscious, gently sweet, ripe, nectarous
tannin.grip: firm, grippy, dusty, stern, gravelly, drying, tough, emphatic, angular, rugged, insistent,
  sandpapery
tannin.soft: fine-grained, powdery, silky, ripe, gentle, suede-like, melted, rounded, velvety, soft,
  unobtrusive, feathery
acid.sharp: bright, bracing, nervy, racy, vibrant, crunchy, brisk, piercing, high, lemony, mouthwatering,
  laser-like
acid.mild: gentle, mellow, moderate, ripe, balanced, modest, relaxed, well-judged, soft, integrated
vessel.newoak: new French oak, new barrels, small oak barrels, toasted American oak, barriques
vessel.oldoak: used barrels, large old casks, neutral oak, concrete tanks, puncheons, clay amphorae,
  third-fill wood
vessel.steel: stainless steel, steel tanks, concrete eggs, chilled vats
vessel.lees: contact with the lees, a cool cellar on its lees, the company of its yeast, tank with weekly
  stirring
food.beef: a dry-aged ribeye, prime rib, skirt steak, pot roast, meatloaf, beef empanadas, brisket tacos,
  short ribs, steak frites, grilled flank steak, beef Wellington, a porterhouse, braised oxtail
food.game: leg of lamb, lamb kebabs, venison stew, rabbit ragù, lamb shanks, seared duck breast, roast
  goose, wild boar sausages, moussaka, braised quail
food.pork: pulled pork, chorizo, pork tenderloin, baby back ribs, bratwurst, glazed ham, carnitas, pork
  schnitzel, cassoulet, roast suckling pig
food.poultry: roast chicken, roast turkey, chicken pot pie, coq au vin, chicken Marbella,
  guinea hen, herbed turkey burgers, chicken in cream sauce, Cornish hens
food.pasta: lasagna, pepperoni pizza, meatball subs, baked ziti, spaghetti with clams, gnocchi, eggplant
  Parmesan, mushroom risotto, cacio e pepe, pumpkin ravioli, pappardelle, wild mushroom pizza
food.seafood: cedar-plank salmon, ceviche, grilled swordfish, fish tacos, halibut in brown butter, tuna
  tartare, sardines on toast, smoked trout, salt-baked branzino, bouillabaisse, cod chowder
food.shellfish: oysters, lobster rolls, crab cakes, grilled shrimp, steamed mussels, seared scallops, clam
  chowder, shrimp scampi, crab legs, paella
food.greens: goat cheese salad, asparagus quiche, tomato tart, salade niçoise, spring vegetable soup, grain
  bowls, grilled zucchini, spinach pie, a Cobb salad, artichoke dip, roasted cauliflower, stuffed peppers
food.cheese: aged cheddar, Gruyère, ripe Brie, blue cheese, a cheese board, Manchego, fondue, baked
  Camembert, smoked Gouda, pecorino, a grilled cheese sandwich
food.spicy: pad thai, green curry, chicken tikka, Korean barbecue, jerk chicken, chili, enchiladas, kung pao
  tofu, gumbo, sesame noodles, shakshuka, blackened catfish, lamb vindaloo
food.snack: burgers, salted potato chips, fried chicken, caviar on blini, popcorn, charcuterie, deviled
  eggs, hummus and pita, hot dogs, olives, nachos, onion rings, empanadas, spring rolls, tempura
color.deep: deep ruby, opaque purple, deep crimson, plum-colored, magenta, blackish red, violet-tinged, nearly
  black
color.pale: garnet, bright crimson, brick red, medium ruby, translucent ruby, cherry red, see-through red,
  cranberry-tinted
color.white: pale straw, lemon yellow, light gold, green-gold, the color of hay, almost colorless, medium
  gold, platinum, pale lemon, deep yellow
color.rosé: salmon pink, pale copper, the color of onion skin, hot pink, the pink of a faded dress, coral,
  ballet-slipper pink, peach-colored
color.sparkling: pale gold, light straw, silvery yellow, bright lemon, old gold, pale copper
kind.red: red, dinner red, bottle
kind.white: white, patio white, bottle
kind.rosé: pink wine, summer bottle, bottle
kind.sparkling: fizz, bubbly, bottle
price.red: 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 24, 25, 26, 28, 30, 32, 35, 38, 40, 45, 48, 55,
  65, 80
price.white: 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25, 27, 30, 34, 36, 42, 50, 60
price.rosé: 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 26
price.sparkling: 12, 14, 16, 18, 20, 22, 24, 26, 29, 33, 37, 41, 44, 52, 58, 70
occasion: on a rainy Tuesday, at a crowded birthday party, on the last warm evening of the year, after a
  long drive, during a snowstorm, at a backyard cookout, on our anniversary, after a hike, between moving
  boxes, at a rehearsal dinner, on Thanksgiving, at book club, on a ferry, during the playoffs, after mowing
  the lawn, at a retirement lunch, on New Year's Eve, in a rented cabin, at a potluck, during a power cut,
  on a slow Sunday, the night the furnace died, at a picnic by the lake, after a dreadful meeting, in a
  hotel room with plastic cups, at a baby shower, on Election Day, while the turkey rested, at a trade
  tasting, during a heat wave
companion: two old friends, my neighbors, my in-laws, a colleague, the whole family, a skeptical beer
  drinker, my tasting group, a chef I admire, three sommeliers, the book club, an old roommate, a retired
  teacher, my editor
relative: brother, sister, father, mother, aunt, uncle, cousin, daughter, son-in-law, grandfather,
  godmother, nephew, stepfather, niece
trade: geologist, carpenter, nurse, jazz drummer, lawyer, pastry chef, ski instructor, accountant, botanist,
  mechanic, violinist, librarian, journalist, pilot, blacksmith, chemist, veterinarian, high-school teacher,
  potter, firefighter, watchmaker, translator, dentist, sailor, bookseller, surveyor
soil: volcanic soil, limestone, decomposed granite, red clay, gravel, schist, sandy loam, marl, basalt,
  fractured shale, river stones, wind-blown silt, old seabed, chalky clay, glacial till, sandstone, quartz,
  alluvial fans
crop: apples, walnuts, olives, hops, cherries, wheat, almonds, artichokes, garlic, sheep, dairy cows, sugar
  beets, chestnuts, hazelnuts, tobacco, saffron crocus, tulips, honeybees, plums, horses, potatoes, barley
scene: a spice market, my grandmother's kitchen, a bakery at dawn, a barn after rain, an old library, a
  county fair, a farm stand in August, a walk in the woods, a florist's cooler, a beach bonfire, a hardware
  store, a candy shop, an orchard in September, a freshly painted room, a garden after a storm, a church at
  Christmas, a tack room, a campsite in the morning, a pier at low tide, a greenhouse, a cedar closet, a
  school cafeteria, a tailor's shop
emblem: heron, fox, bicycle, lighthouse, sleeping dog, compass, rooster, thistle, swallow, owl, paper boat,
  tractor, hare, wheelbarrow, beetle, weathervane, hot-air balloon, violin, hedgehog, ladder, moth, anchor,
  teapot, umbrella, sundial, otter, kite, typewriter, acorn, donkey
weather: late frost, scorching July, wet spring, cool and endless summer, hailstorm in June, dry winter,
  sudden heat spike, foggy August, drought, windy flowering, mild autumn, rainy harvest, near-perfect
  September, plague of starlings, early budbreak, stretch of smoky skies
year: difficult, memorable, generous, nerve-racking, strange, uneven, celebrated, early, small, late,
  splendid, tricky, abundant, forgettable
shop: the supermarket, a gas station, the airport, a corner shop, a warehouse club, an auction site, the
  cellar door, a wine bar, a village store, a bargain bin, a mail-order club, a museum gift shop, a
  closing-down sale, a raffle
hedge: a little, slightly, rather, somewhat, a touch, a shade, a bit, undeniably, ever so slightly,
  noticeably, a hair, marginally
degree: remarkably, quietly, thoroughly, surprisingly, unusually, consistently, effortlessly, disarmingly,
  pleasantly, quite, very, impressively, wholly, almost absurdly
poise: poised, composed, fresh, agile, lively, upright, buoyant, in balance, nimble, calm, civilized, drinkable
praise: balanced, honest, distinctive, charming, confident, complete, expressive, elegant, characterful,
  convincing, harmonious, carefree, graceful, sincere, well-made, memorable, reliable, cheerful,
  sophisticated, detailed, precise, transparent, articulate, beguiling, tasteful, handsome, poised,
  delicious, soulful, unpretentious
fault: simple, clumsy, one-note, warm with alcohol, awkward, closed, disjointed, blunt, hollow in the
  middle, lean, rustic, bitter at the edges, too polished, unfinished, sleepy, anonymous, overworked, thin,
  muddled, rough, predictable, gawky
length: long, medium-long, lingering, clean, persistent, tidy, echoing, steady, seamless, unhurried,
  satisfying, slowly fading, warming, dry, appetizing, impressive, drawn-out, quiet, resonant
length2: clean, dry, precise, focused, tapering, fragrant, faintly bitter, cool, gently warming, mineral,
  savory, sweet-fruited, subtle, elegant, pure, harmonious, faintly salty, tart
moment: after twenty minutes, given air, by the second glass, on the second day, as it warms, after a swirl,
  an hour later, toward the end of the bottle, once the chill is off, after some coaxing, as the evening
  goes on
crowd: anyone who likes bold flavors, skeptics, beginners, collectors, people who say they dislike wine, a
  big table, weeknights, gift giving, wedding receptions, restaurant lists, tailgates, patient drinkers, the
  cellar, bargain hunters, contrarians, host gifts, sentimental evenings, hammock afternoons, students of
  the style
group: the barbecue, a crowd, the weekend, company, Sunday lunch, the holidays, the neighbors, the next
  potluck, movie night, camping, game day, the in-laws
aspect: north-facing slope, windswept plateau, steep terrace, former riverbed, gentle hillside, cool canyon,
  foggy bench, stony ridge, sheltered amphitheater, high-altitude block, abandoned quarry, coastal shelf,
  sunny bowl
first: Anouk, Bettina, Carlos, Dmitri, Elena, Fergus, Greta, Hugo, Imogen, Joaquín, Katrin, Leandro, Maren,
  Nadia, Osvaldo, Priya, Quentin, Rosalind, Stefan, Tamsin, Ugo, Vera, Wendell, Ximena, Yusuf, Zelda, Agnes,
  Baptiste, Clementina, Desmond, Esther, Felix, Gemma, Hector, Ines, Julian, Lorna, Mateo, Noemi, Orson,
  Petra, Rafael
share: a third, half, a quarter, ten percent, two thirds, a fifth, a tenth, forty percent
span: a week, ten days, three weeks, a month, forty days, six weeks
months: six, eight, nine, ten, eleven, twelve, fourteen, sixteen, eighteen, twenty
acres: four, seven, nine, twelve, fifteen, twenty-two, thirty, forty, sixty, ninety
cases: 90, 120, 175, 200, 240, 300, 350, 410, 480, 560, 600, 750, 800, 950
points: 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95
abv: 11.5, 12, 12.5, 13, 13.2, 13.5, 13.8, 14, 14.1, 14.5
cuvee: Old Vines, The Long Table, Estate, Reserve, Hillside, Founder's Cuvée, Lot 14, North Block, Three
  Sisters, Terraces, Slow Clock, Paper Moon, Winemaker's Selection, Upper Bench, Field Notes, La Promesse,
  El Camino Viejo, Lantern, Barrel Select, Wild Ferment, The Understudy, Single Parcel, Cuvée Anna, Quiet
  Hours, Due Fratelli
house.french: Château {}, Domaine {}, Maison {}, Clos {}
head.french: Bris, Chalm, Dorv, Ferv, Gauss, Joul, Lamb, Morv, Nerr, Orz, Plaiss, Quer, Rouss, Sautr, Tronch,
  Vern, Aubr, Cress
tail.french: aquel, ereuil, ignon, oncel, elard, inière, oudet, avaux, ésac, olles, anchet, ivelle, urmont,
  ettier, aronne
house.latin: Bodega {}, Finca {}, Tenuta {}, Quinta {}, Cantina {}
head.latin: Alb, Borr, Calv, Dram, Esp, Faron, Galv, Lorr, Mard, Navr, Ombr, Pord, Quer, Ruv, Sard, Tarv,
  Urb, Vald, Zam
tail.latin: adera, anzo, ondino, uela, entario, izzone, illas, osco, ezzara, anello, arcos, ettino, oliva,
  ujar, imonte
house.english: {} Cellars, {} Vineyards, {} & Daughters, {} Wine Company, {} Estate
head.english: Brindle, Corrow, Dapple, Fennick, Harrow, Kestle, Lark, Mossel, Pindle, Quarrel, Sorrel,
  Tarrow, Wether, Yarrow, Thistle, Gannet, Burdock, Ember
tail.english: combe, mere, gate, hollow, ford, ley, stead, wick, crest, holt, sby, worth, thwaite, den, shaw
house.german: Weingut {}, {} Cellars, Schloss {}, {} Brothers
head.german: Ader, Brunn, Dorsch, Ebers, Fink, Gries, Hasel, Kolb, Lauter, Moos, Nuss, Ochsen, Pfeffer, Quell,
  Roggen, Tann, Wachol
tail.german: bichl, ried, hofer, stetter, winkl, egger, thaler, müller, feld, grub, auer, loher, kamp,
  leitner, acker
"""

# Sentence patterns by their place in a review. One a line; an indented line continues the one above.
PATTERNS = {
    "opening": """
[Let me start with the obvious|First things first]: {producer} [is not a household name|makes a lot of
  wine|has had better years|prints far too much on its labels].
A {trade} I know swears by {producer}, so [I finally gave in|we split a bottle {occasion}|here we are].
[I have a soft spot for|I never know what to expect from|It is hard to dislike] wines grown on {soil}, [and
  this one, from {place}, is a good example|this one included].
{place} sits on a {aspect} where little but {crop} used to grow.
[We|I] opened this {occasion}, and it [was empty before dinner was served|did not last long|vanished faster
  than planned].
We drank this {occasion} with {companion}[, and nobody wanted to switch to anything else|, who asked for the
  label|].
{producer} [farms|tends|owns] {acres} acres [outside|just north of|a short drive from|above] {place}[, most of
  it on {soil}|, all of it without irrigation|, and every row is picked by hand|, on a {aspect}|].
The fruit comes from [a single block|three small parcels|a {aspect}|one stubborn acre] near {place}, rooted in
  {soil}.
{winemaker} trained as a {trade} before [taking over|inheriting|founding|rescuing] {producer}[, and the
  patience shows|].
[The winemaker, {winemaker}, is a former {trade}|{winemaker}, once a {trade}, makes this], [working|and works]
  out of a [converted barn|shared garage|stone cellar|tin shed|former dairy|disused chapel] in {place}.
A {weather} made {vintage} a {year} year [around|in] {place}, and [this bottle tells the story|you can taste
  it| {producer} handled it better than most|prices will follow|growers still complain about it].
My {relative} poured this {occasion} [without showing the label|from a paper bag|with a sly smile], and [I
  guessed a decade too old|I was wrong about everything except the color|nobody came close|everyone had a
  theory].
Someone at the table guessed {other}, [and I can see why|which was wrong but not foolish|then asked for a
  refill].
I bought this at {shop} [because I liked the {emblem} on the label|on a whim|for the price of a sandwich|,
  expecting little].
There is a {emblem} on the label [and no other information|, a family joke|, drawn by the owner's {relative}],
  [but|and] the wine [is serious|speaks for itself|deserves attention|needs no explanation].
Only {cases} cases were made[, and I hear that half of them never leave {place}|, so do not wait|; I have
  hidden two bottles|].
Once a year I come back to {producer}, and [each time I wonder why I waited|I am rarely let down|the {vintage}
  is no exception].
If you have never heard of {producer}, you are not alone: [the winery is barely ten years old|almost nothing
  is exported| the family sold its grapes to others until recently|there is no website and no sign on the
  road].
{place} is better known for {crop} than for wine, [which keeps prices sane|but that may change|so expectations
  were low].
[The {family} family has|{winemaker} and a [cousin|sibling|partner|classmate] have] grown {crop} near {place}
  for generations; wine [is the newest chapter|came later|began as a hobby|pays the bills now].
This is [the second wine|the flagship|the entry-level bottling|the best seller|the experimental label] of
  {producer}, [and it looks the part|sealed with a screw cap|in a needlessly heavy bottle|with green wax over
  the cork|bottled unfiltered].
It spent {months} months in {vessel}[, and {share} of it was fermented with wild yeast| before bottling|,
  which suits it].
[After fermentation|Once pressed], [{share} of the juice|the wine|the best lot] rested in {vessel} for
  {months} months.
A sample from the [importer|distributor|winery|publicist], tasted [blind|twice|over two evenings|with
  {companion}].
I had forgotten about this one until {companion} [pulled it from|spotted it in] the [closet|garage
  fridge|cellar|back row].
[Last month|In spring|Two summers ago] I [visited|drove past|got lost near] {producer}, where [a {emblem}
  hangs over the door|the dog outranks the owner|visitors taste in the kitchen|they still keep {crop}], and
  brought this home.
The {vintage} growing season around {place} was {year}: [a {weather} cost {share} of the crop|yields fell by
  {share}| harvest took {span} and everyone's nerves|pickers started at midnight].
[Full disclosure|A confession]: [{winemaker} is a friend of my {relative}|I once worked a harvest here|I
  disliked the previous vintage|I paid full price|the tasting happened {occasion}].
The back label promises [greatness|a journey|the soul of {place}|an unforgettable evening]; I would settle for
  dinner.
[Picked|Harvested] [at dawn|late|in {span}|in two passes] from a {aspect} [above|outside|beyond] {place}, this
  {kind} is {hedge} different from last year's.
""",
    "color": """
{color} in the glass[, with slow legs|, and perfectly clear|, brighter than I expected|, which made me
  hopeful|].
It pours {color}, [and|but] [the real show is the scent|looks are not the point|that is only the beginning|so
  far, so good].
[I keep looking at it|Lovely by candlelight|First impression]: {color}, [with a slight haze|clear as a
  bell|and shiny|without a flaw].
[Hold it up to the window, and it is|Held against a napkin, it is|The wine is] {color}[, still youthful|, with
  a watery rim|, and it sparkles in the light].
""",
    "nose": """
[Close your eyes and|At first sniff] it could be {scene}, with {fruit} and {note} all around.
[Poured|Opened] and left alone for [ten|fifteen|thirty] minutes, it smells of {fruit}, {fruit} and {note}.
There is {fruit} on the nose, of course, but [the surprise is|what stays with me is|I keep coming back to] the
  {note}.
Someone compared it to {scene}; I would say {fruit}, {note} and {note}.
[Fruit first|Easy to read]: {fruit} and {fruit}, with {note} [as an afterthought|for company|tucked in
  behind].
The scent of {note} [is unmistakable|fills the kitchen|is what sold me], and {fruit} is close behind.
The [nose|bouquet|aroma] [opens with|leads with|starts with|offers|delivers] {fruit}, {note} and {note}.
On the nose [there is|I find|I get] {fruit}[ and {fruit}|], [backed by|followed by|then] [a whiff of|a bit
  of|hints of] {note}.
Aromas of {fruit}, {fruit} and {note} [jump|drift|rise|spill|climb] [from|out of] the glass.
It smells of {fruit} and {note}, with {note} [in the background|around the edges|not far behind|{moment}].
{fruit} and {note} come first, then {note} [takes over|joins in|arrives {moment}|sneaks past].
The nose, {hedge} shy, [gives up|reveals|lets go of] {fruit}, {note} and, {moment}, {note}.
My notes say {fruit}, {fruit}, {note} and, [underlined twice|in capital letters|with a question mark], {note}.
The perfume is mostly {fruit} and {note}; {moment} there is {note} as well.
The first sniff takes me to {scene}: {fruit}, {note}, {note}.
What I like here is the scent, [like {scene}|close to {scene}|part {scene}], with {fruit} and {note} [on
  top|up front|in the lead].
It [reeks, pleasantly,|smells strongly|smells faintly] of {note} at first, before {fruit} and {fruit} push
  through.
[Generous|Expressive|Complex|Subtle|Pretty] aromatics: {fruit}, {fruit}, {note}, [and a thread of|and
  some|then] {note}.
There is more {note} than fruit on the nose, though {fruit} [shows up {moment}|is never far away|wins in the
  end].
[My {relative}|A friend|The host] smelled {fruit}, [I|someone else] smelled {note}, and [both were
  right|everyone agreed on {note}].
Scents of {note} and {note} frame a core of {fruit}[ and {fruit}|].
[Stick your nose in and you will find|Swirl it and out come|Behind a bit of reduction wait] {fruit}, {note}
  and {note}.
""",
    "palate": """
{fruit} leads, {note} follows, and the texture is {texture} throughout.
For all its {note}, this is a {texture} wine, with {fruit} [at the core|at its heart|in every sip].
[Drink|Sip] slowly: {fruit} first, then {fruit}, and finally {note}, all in a {texture} package.
[You get|We found|Most of us tasted] {fruit} and {fruit}; [a minority insisted on|I would add|only I noticed]
  {note}.
[Somewhere between {texture} and {texture}|{texture}, even {texture}], it [has|carries] {fruit}, {note} and a
  little {note}.
The middle is {texture}, the edges are all {note}, and {fruit} [ties the two together|runs from end to end].
It has more {fruit} than the nose lets on, plus {note} and {note} [for depth|as seasoning|in the margins].
The palate is {texture} and {texture}, [full of|built on|packed with|carried by] {fruit} and {note}.
In the mouth it is {texture}, with [flavors|layers|waves] of {fruit}, {fruit} and {note}.
[Flavors of|Loads of|Notes of] {fruit} and {note} [fill|coat|wash over] the [tongue|mouth|palate][, and then
  {note} steps in|, with {note} right behind|, before {note} adds depth|].
I taste {fruit} up front, {note} in the middle and {note} at the end.
[Medium-bodied|Full-bodied|Light on its feet|Bigger than it looks] and {texture}, it [mixes|balances|weaves
  together] {fruit} [with|and] {note}.
It is a {texture}, {texture} {kind} that tastes of {fruit}, {fruit} and {note}.
The first sip is {texture}, the second brings {fruit}, and [soon|by the third] there is {note}[ and {note}|].
Expect {fruit} and {fruit} [on the palate|once you sip], [seasoned with|joined by|framed by|followed by]
  {note}.
{texture} from start to finish, it [piles|layers|stacks] {fruit} on {note} [without getting heavy|and never
  tires|with ease].
The fruit is [on the ripe side|fresh|clear and direct|generous|well defined], more {fruit} than {fruit}, and
  [a seam of|a layer of|a dash of] {note} [keeps it honest|adds interest|gives it backbone|rounds things out].
The mouthfeel is {texture}[ and {texture}|], and the flavors [echo the nose|follow suit]: {fruit}, {note},
  {note}.
What starts as {fruit} turns to {fruit} at mid-palate, with {note} [humming along|underneath|for contrast|on
  the side].
On the tongue it feels {texture}, and the {fruit} [has company from|plays against|melts into] {note}.
[Take a sip and it is|Once tasted, it is] all {fruit} and {note}, {texture} [yet focused|but not
  simple|through and through].
[It drinks|This drinks] [well above its price|like an older wine|young]: {texture}, {texture}, and loaded with
  {fruit}.
[Think|Imagine] {fruit} [with a bit of|and some|over|next to] {note}, [in|delivered in] a {texture} frame.
""",
    "structure.red": """
The tannins are {tannin}[ and {tannin}|], and [the acidity is {acid}|a {acid} acidity keeps things moving].
{tannin} tannins and {acid} acidity [hold it together|carry the fruit|give it shape|make it easy to pour a
  second glass].
[It is|The whole is] {degree} {praise}, with {tannin} tannins [that will need a few years|that stay out of
  the way|for grip].
It [asks for|deserves|could use] [an hour|a long rest|some time] in the decanter, since the tannins are
  {tannin}[ and {tannin}|].
[At {abv} percent alcohol|The label claims {abv} percent, and] it stays {poise}[, thanks to {acid} acidity|].
{months} months in {vessel} left [the tannins {tannin}|{tannin} tannins|their mark], and the
  acidity is {acid}.
There is {hedge} more tannin than I remember, {tannin} but [fair|honest|in keeping|never mean].
Tannin {tannin}, acidity {acid}, [patience required|overall impression {praise}|alcohol {abv} percent].
""",
    "structure.white": """
The acidity is {acid}, and [keeps it fresh|the finish benefits|that is how I like it|carries the fruit].
{acid} acidity [runs through|lifts|props up|sharpens] the [whole thing|middle|fruit][ like a zipper|], and the
  result is {praise}.
{months} months in {vessel} [gave it weight|show in the texture|kept it pure|left it {praise}], and the
  acidity is {acid}.
[At {abv} percent alcohol|The label claims {abv} percent, and] it stays {poise}[, with {acid} acidity|].
[Winemaking is simple|The recipe is short]: {vessel}, [{months} months of rest|patience|no fuss], and {acid}
  acidity.
There is {hedge} more weight than usual, but a {acid} acidity [cleans up|has the last word|holds the line].
It [should|ought to] be served [cool, not cold|well chilled|straight from the ice bucket], when the acidity
  feels {acid}.
""",
    "structure.rosé": """
The acidity is {acid}, [and|so] [ice is not needed|it keeps its poise|one glass calls for another|it is made
  for hot afternoons].
{acid} acidity and [a few hours on the skins|a short maceration|gentle pressing] make it {praise}.
[Pressed|Bled off the skins] after [three|six|a few] hours and kept in {vessel}, it stays {poise}, with {acid}
  acidity.
There is {hedge} more grip than the color suggests, and the acidity is {acid}.
[At {abv} percent alcohol|The label claims {abv} percent, and] it stays {poise}[, thanks to {acid} acidity|].
[Serve|Drink] it [cool|cold|well chilled|with an ice cube, I will not tell], when the acidity feels {acid}.
""",
    "structure.sparkling": """
The bubbles are [fine|tiny|lively|soft|plentiful] and the acidity is {acid}.
A [creamy|frothy|gentle|fine] mousse [and {acid} acidity make|softens the {acid} acidity and makes] it
  {praise}.
[Disgorged|Bottled] after {months} months on the lees, it has [a steady bead|small bubbles|a fine mousse] and
  {acid} acidity.
The dosage is [low|hardly noticeable|generous], the acidity {acid}, the effect {degree} {praise}.
It stays {poise} [to the last glass|even when it goes flat|at {abv} percent alcohol], with {acid} acidity.
[Keep it cold|Give it a real wine glass|Skip the flute], and the acidity feels {acid}, never aggressive.
""",
    "finish": """
The finish is {length} and {length2}[, with an echo of {note}|, and it ends on {note}|].
A {length} finish [leaves|trails off into|returns to|closes with] {note}.
It ends {length2}, [and a trace of {note} stays behind|with {fruit} and {note} hanging on|a bit sooner than I
  hoped].
{note} and {fruit} [linger|hang around|keep going] [for a good half minute|long after the glass is empty|on
  the {length} finish].
The aftertaste is {length2}, [more|closer to] {note} than {fruit}.
[My only complaint is that it is|If I am picky, it is] {hedge} {fault}[, but the finish makes up for it|,
  though food helps|].
It finishes [slowly|in style|without hurry|as it began], {length2} and {length}.
[Nothing about it is {fault}, and|It could have been {fault}, but] the finish is {length}[, {length2} and sure
  of itself|].
The aftertaste is {length}, [which is rare at this price|as it should be|which I did not see coming].
""",
    "food": """
[Serve|Try|Pair|Pour] it with {food}[ or {food}|, preferably outdoors| and good company|, and invite me].
[We|I] had it with {food}, [which was exactly right|a match worth repeating|and the plates came back clean|not
  ideal but fun].
It was made for {food}[ and for {food}|, in my opinion|].
Next time I will [order|have|plan on] {food}[, nothing fancier|; the wine can handle it|].
With {food} it [came alive|was happy|made perfect sense|turned generous|was merely polite].
{food} would be [a natural|my first choice|the obvious partner|the local answer][, {food} the adventurous
  one|].
[It wants|It begs for|This calls for] {food}, [not conversation|and soon|or whatever is on the grill|and a
  second bottle].
My {relative} says {food}, I say {food}; [either way, the bottle will be empty|we are both right|we opened
  two].
""",
    "value": """
At ${price}, [it is a steal|it is fairly priced|I would buy a case|it over-delivers|you could do much worse|it
  is no bargain].
[For|Around] ${price} [you get a lot of wine|it beats many that cost double|I expected a bit more|there is
  little to fault].
I paid ${price} [for it |]at {shop}, [and would again|which felt fair|which I will not complain about|less
  than lunch].
[The price of ${price}|Its ${price} price tag] [is hard to beat|may scare some people|will be forgotten sooner
  than the wine| seems honest for {cases} cases|keeps it for special occasions].
[Worth every cent|Not quite worth it|An easy yes] at ${price}.
""",
    "verdict": """
[Not everyone will agree|Opinions were divided], but I find it {praise}[ and {praise}|].
[If this is the future of|For a first try from] {place}, [count me in|I am impressed|there is hope].
[Recommended|A safe bet|Just right|Not] for {crowd}.
[I gave it|My score:] {points} points[; {companion} gave it more|, and I may be stingy|].
[Drink it|Best] [now|young|over the next two years|within five years|before the decade is out][, and do not
  overthink it|].
[A {praise} and {praise}|A {praise}, {praise}] {kind} [that I would gladly drink again|from a name to watch|,
  year after year].
[Save|Buy|Keep|Chill] [this|a bottle|a few] for {group}.
It is {hedge} {fault} today, but [give it two years|I have faith|charm counts too|so was I at that age].
[Not profound, but|No masterpiece, but] {praise}, and [sometimes that is enough|that is more than most can
  say|I finished it].
[Fans|Admirers] of {other} [should take a look|will feel at home|may be puzzled|might switch sides].
[All in all|In short|Overall], [a {praise} effort|a {praise} bottle|{praise} stuff] from
  [{producer}|{place}|{winemaker}].
{winemaker} [has done it again|is on to something|deserves more attention|can be proud][, and the {vintage}
  proves it|].
I would [happily|gladly|not hesitate to] [open it again|pour it for {companion}|keep a few for my {relative}'s
  wedding].
Would I buy it again? [In a heartbeat|Yes, twice|Probably|Only on sale|I already have].
Verdict: [no regrets|two thumbs up|a keeper|good, not great|find some].
It is [a textbook|a classic|a curious|an old-school] {own}, and [I mean that kindly|a {praise} one|proud of
  it].
This has the [soul|manners|swagger|heart] of {other}[, and that is no insult| in the body of something else|].
""",
}
