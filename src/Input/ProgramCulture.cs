using System.Globalization;

namespace SparkTrain.Input;

/// <summary>
/// The culture that a program reads and writes numbers in. Programs are built for the invariant one; DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=0 in the environment overrules that, and would put commas, other
/// digits and another minus sign into everything that is formatted without a culture.
/// </summary>
public static class ProgramCulture
{
    /// <summary>Makes it the invariant culture on all threads, whatever the environment says. The first line of a program; a library leaves it alone.</summary>
    public static void MakeInvariant() =>
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.DefaultThreadCurrentUICulture = CultureInfo.InvariantCulture;
}
