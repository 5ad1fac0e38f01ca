using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace SparkTrain.Launcher;

/// <summary>An option that is a number with a point. The library would take the comma of 0,5 for one between thousands, and the number for 5.</summary>
internal sealed class RealOption : Option<double>
{
    private const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    public RealOption(string name) : base(name) => CustomParser = Parse;

    private static double Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (double.TryParse(text, Real, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)) return number;
        result.AddError($"{((OptionResult)result.Parent!).Option.Name} is '{text}'; it must be a number such as 0.5.");
        return default;
    }
}
