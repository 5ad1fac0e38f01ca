using System.Runtime.CompilerServices;

namespace SparkTrain.MpiProgram;

/// <summary>Compares results with expectations.</summary>
internal static class Check
{
    public static void Equal<T>(T expected, T found, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, found)) throw new CheckFailedException($"{what}: {found} instead of {expected}");
    }

    public static void Elements<T>(IReadOnlyList<T> expected, ReadOnlySpan<T> found, string what)
    {
        Equal(expected.Count, found.Length, what + ", length");
        for (int i = 0; i < expected.Count; i++)
            if (!EqualityComparer<T>.Default.Equals(expected[i], found[i])) throw new CheckFailedException($"{what}: {found[i]} instead of {expected[i]} at {i}");
    }

    public static void Throws<T>(Action action, [CallerArgumentExpression(nameof(action))] string what = "") where T : Exception
    {
        try
        {
            action();
        }
        catch (T)
        {
            return;
        }
        throw new CheckFailedException($"{what} did not throw {typeof(T).Name}");
    }
}
