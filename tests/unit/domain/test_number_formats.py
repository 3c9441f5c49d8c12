"""Numbers in .NET's formats: by a letter, and by patterns."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.template.filters.number_formats import decimal_of, formatted_number
from fairlead.domain.template.filters.number_patterns import by_pattern


@pytest.mark.parametrize(
    ("number", "pattern", "made"),
    [
        ("1234567.891", "#,##0.00", "1,234,567.89"),
        ("1234567", "0,,.0 M", "1.2 M"),
        ("1234567", "0.0,, M", "1234567.0 M"),
        ("12", "0,000", "0,012"),
        ("1234.5", "000000", "001235"),
        ("0.5", ".00", ".50"),
        ("5", ".00", "5.00"),
        ("0", "#.##", ""),
        ("1.5", "0.00.0", "1.500"),
        ("5551234567", "(000) 000-0000", "(555) 123-4567"),
        ("15551234567", "(000) 000-0000", "(1555) 123-4567"),
        ("3", "0 'kg' \\0", "3 kg 0"),
        ("42", '"a"0"b"', "a42b"),
        ("-5", "units", "-units"),
    ],
)
def test_a_pattern_says_where_digits_stand_and_which_have_to(number: str, pattern: str, made: str) -> None:
    assert by_pattern(Decimal(number), pattern) == made


@pytest.mark.parametrize(
    ("number", "pattern", "made"),
    [
        ("1234", "#,##0;(#,##0);none", "1,234"),
        ("-1234", "#,##0;(#,##0);none", "(1,234)"),
        ("0", "#,##0;(#,##0);none", "none"),
        ("0.004", "0.00;-0.00;none", "none"),
        ("-1234", "#,##0;;none", "-1,234"),
        ("-0.001", "0.00", "0.00"),
    ],
)
def test_a_pattern_may_have_sections_for_what_is_below_nothing_and_for_nothing(
    number: str, pattern: str, made: str
) -> None:
    assert by_pattern(Decimal(number), pattern) == made


@pytest.mark.parametrize(
    ("number", "pattern", "made"),
    [
        ("0.256", "0.#%", "25.6%"),
        ("12.5", "0.0‰", "12500.0‰"),
        ("86000", "0.###E+0", "8.6E+4"),
        ("0.00042", "0.0e0", "4.2e-4"),
        ("99.96", "0.0E+00", "1.0E+02"),
        ("123456", "##0.0E+0", "123.5E+3"),
        ("0", "0.0E+0", "0.0E+0"),
        ("123", "E", "E"),
    ],
)
def test_a_pattern_may_scale_the_number(number: str, pattern: str, made: str) -> None:
    assert by_pattern(Decimal(number), pattern) == made


@pytest.mark.parametrize(
    ("number", "form", "made"),
    [
        ("1.25", "E1", "1.3E+000"),
        ("0", "E2", "0.00E+000"),
        ("1234.5", "G3", "1.23E+03"),
        ("0.0001234", "G2", "0.00012"),
        ("0.00001234", "g2", "1.2e-05"),
        ("1", "F99", "1." + 99 * "0"),
        ("12345678901234567890", "N20", "12,345,678,901,234,567,890." + 20 * "0"),
        ("1234567890123456789012345678901", "C", "$1,234,567,890,123,456,789,012,345,678,901.00"),
        ("5", "D4", None),
        ("5", "q", None),
    ],
)
def test_a_letter_says_the_whole_format(number: str, form: str, made: str | None) -> None:
    assert formatted_number(Decimal(number), form) == made


def test_what_net_holds_no_number_for_is_none() -> None:
    assert decimal_of("1e309") is None
    assert decimal_of("1e-400") == 0


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e300"), max_value=Decimal("1e300")),
    st.text(alphabet="0#.,%‰;eE+-'\"\\ab CFNPG19", max_size=14),
)
def test_whatever_the_number_and_the_format_there_is_a_text_or_none(number: Decimal, form: str) -> None:
    for is_whole in (False, True):
        made = formatted_number(number, form, is_whole=is_whole)
        assert made is None or isinstance(made, str)
