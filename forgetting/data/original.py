"""The file that the published results were computed on: where it is, and how it is known."""

ORIGINAL_URL = (
    "https://raw.githubusercontent.com/chungimungi/Learning-to-Forget/"
    "3a1b8bb17cc98b3e5adc9a53efed99260565dfba/data/wine_review.csv"
)
ORIGINAL_SHA256 = "fa0440d0b9660ee221d75d459134e2172c1b054316846516cb2c1519a55875c0"
ORIGINAL_SIZE = 608_850  # bytes
