"""Writes what core/src/identity/regions.rs and core/tests/data/identity/phones.tsv are made of.

`pip install phonenumbers` (libphonenumber's metadata), then `python tools/phone-regions.py`: the rows of the table go
to stdout, the examples to core/tests/data/identity/phones.tsv. Neither the build nor the tests run it.
"""

from __future__ import annotations

from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers.phonemetadata import PhoneMetadata

KINDS = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.VOIP,
    PhoneNumberType.UAN,
)
LONGEST = 15


def main() -> None:
    """Prints the table and writes the examples."""
    examples: set[tuple[str, str, str]] = set()
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        metadata = PhoneMetadata.metadata_for_region(region)
        code = metadata.country_code
        lengths = [n for n in metadata.general_desc.possible_length if n >= 4 and n + len(str(code)) <= LONGEST]
        # North America's shorter numbers are for dialling within one area.
        lengths = [10] if code == 1 else lengths
        mask = sum(1 << n for n in lengths)
        print(f'    region("{region.lower()}", {code}, "{metadata.national_prefix or ""}", 0x{mask:04x}),')
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            world = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
            if len(world) <= LONGEST + 1:
                examples.add((region.lower(), home, world))
    rows = "".join("\t".join(example) + "\n" for example in sorted(examples))
    Path("core/tests/data/identity/phones.tsv").write_text(rows, encoding="utf-8")


if __name__ == "__main__":
    main()
