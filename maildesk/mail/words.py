"""The words that a technician types to confirm a command: plain, short, and in no out-of-office notice."""

from __future__ import annotations

# 256 different words of 5 to 8 letters, so that one byte of a keyed hash picks one.
_TABLE = """
acorn almond amber anchor antler apple apricot arrow aspen aster badger bagel bamboo banana barley barrel
basil basket beacon beaver beetle biscuit bison blanket blossom boulder bracket bramble breeze brook bubble
bucket buffalo butter button cabbage cabin cactus camel candle canyon caramel carrot castle cedar celery
cello cherry chestnut cinnamon citrus clover cobalt cobra coconut comet copper coral cotton cricket crimson
crocus crystal cumin cypress dahlia daisy dolphin donkey dragon eagle ember emerald falcon feather fennel
ferret fiddle finch flamingo flannel flute forest fossil fountain garlic garnet gazelle gecko geyser ginger
giraffe glacier goblet goldfish gondola gopher granite grape gravel guitar hammock hamster hazel hedgehog
heron hickory honey hornet iguana indigo ivory jackal jaguar jasmine juniper kettle kitten koala ladder
lagoon lantern lavender lemon lemur lentil leopard lettuce lilac lizard llama lobster locust lotus magnet
magnolia magpie mallard mango maple marble marigold marmot meadow melon meteor mimosa mirror mitten moose
mosaic mulberry muskrat mustard myrtle nectar needle nettle nutmeg octopus olive onion orange orchard orchid
osprey otter oyster paddle panda papaya parrot parsley peach peacock peanut pebble pecan pelican penguin
pepper petunia pewter pheasant pigeon pillow pollen poppy potato prism puffin pumpkin quail quartz quince
rabbit raccoon radish rainbow raisin raven ribbon river robin rocket rooster saddle saffron salmon sandal
sapphire satin seahorse sesame shallot sparrow spinach spruce squash squirrel starfish sunrise swallow
tamarind teapot thimble thistle thunder tiger tomato topaz tortoise toucan trumpet tulip tundra turnip
turtle umbrella valley vanilla velvet violet violin walnut walrus weasel whistle willow windmill wombat
yarrow yogurt zebra zephyr zinnia
"""
CONFIRMATION_WORDS: tuple[str, ...] = tuple(_TABLE.split())
