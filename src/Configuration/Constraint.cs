using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SparkTrain.Configuration;

/// <summary>One validation attribute of a key, in words and as a check that does not depend on the culture.</summary>
internal sealed class Constraint(ValidationAttribute attribute, bool onList)
{
    public ValidationAttribute Attribute => attribute;

    /// <summary>True where each element of a list is checked instead of the list.</summary>
    public bool IsPerElement => onList && attribute is RangeAttribute or RegularExpressionAttribute or StringLengthAttribute or AllowedValuesAttribute;

    private string Unit => onList ? "entries" : "characters";

    /// <summary>The limits as the reference shows them, for example "from 1 to 65536"; empty for attributes that have only a message.</summary>
    public string Limits => attribute switch
    {
        RangeAttribute range => Between(range),
        MinLengthAttribute least => $"at least {Count(least.Length)}",
        MaxLengthAttribute most => $"at most {Count(most.Length)}",
        LengthAttribute length => $"from {length.MinimumLength} to {length.MaximumLength} {Unit}",
        StringLengthAttribute length => $"from {length.MinimumLength} to {length.MaximumLength} characters",
        RegularExpressionAttribute pattern => $"matches {pattern.Pattern}",
        AllowedValuesAttribute allowed => "one of " + string.Join(", ", allowed.Values.Select(ScalarText.Format)),
        RequiredAttribute => "not empty",
        _ => "",
    };

    /// <summary>What the value must do, as the end of an error message.</summary>
    public string Demand(string name) => attribute switch
    {
        { ErrorMessage.Length: > 0 } => attribute.FormatErrorMessage(name),
        RegularExpressionAttribute pattern => $"must match {pattern.Pattern}.",
        MinLengthAttribute or MaxLengthAttribute or LengthAttribute or StringLengthAttribute => $"must have {Limits}.",
        _ => Limits.Length > 0 ? $"must be {Limits}." : attribute.FormatErrorMessage(name),
    };

    public bool Accepts(object value) => attribute switch
    {
        RangeAttribute range => InRange(range, value),
        RegularExpressionAttribute pattern => Regex.IsMatch((string)value, $"^(?:{pattern.Pattern})$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)),
        _ => attribute.IsValid(value),
    };

    /// <summary>True where the upper limit is only the largest value of its type; C# turns <c>[Range(0, long.MaxValue)]</c> into doubles.</summary>
    public static bool IsEndless(RangeAttribute range) => range.Maximum is int.MaxValue or long.MaxValue or >= (double)long.MaxValue;

    private static bool InRange(RangeAttribute range, object value)
    {
        var (low, high) = (Compare(value, range.Minimum), Compare(value, range.Maximum));
        return (range.MinimumIsExclusive ? low > 0 : low >= 0) && (range.MaximumIsExclusive ? high < 0 : high <= 0);
    }

    /// <summary>Compares whole numbers exactly; RangeAttribute itself overflows on a long beyond int and parses limits by culture.</summary>
    private static int Compare(object value, object bound)
    {
        if (value is int or long && bound is int or long)
            return Convert.ToInt64(value, CultureInfo.InvariantCulture).CompareTo(Convert.ToInt64(bound, CultureInfo.InvariantCulture));
        return Convert.ToDouble(value, CultureInfo.InvariantCulture).CompareTo(Convert.ToDouble(bound, CultureInfo.InvariantCulture));
    }

    private static string Between(RangeAttribute range)
    {
        var (low, high) = (ScalarText.Format(range.Minimum), ScalarText.Format(range.Maximum));
        return (range.MinimumIsExclusive, range.MaximumIsExclusive, IsEndless(range)) switch
        {
            (false, _, true) => $"at least {low}",
            (true, _, true) => $"greater than {low}",
            (false, false, _) => $"from {low} to {high}",
            (false, true, _) => $"at least {low} and less than {high}",
            (true, false, _) => $"greater than {low} and at most {high}",
            (true, true, _) => $"greater than {low} and less than {high}",
        };
    }

    private string Count(int n) => n == 1 ? $"1 {(onList ? "entry" : "character")}" : $"{n} {Unit}";
}
