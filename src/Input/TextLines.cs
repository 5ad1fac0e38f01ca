namespace SparkTrain.Input;

/// <summary>Lines of JSON files: blank ones are skipped, and counted.</summary>
public static class TextLines
{
    /// <summary>Returns the lines that are not blank, each with its number, counted from 1.</summary>
    public static IEnumerable<(string Line, long Number)> NotBlank(IEnumerable<string> lines)
    {
        long number = 0;
        foreach (string line in lines)
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line)) yield return (line, number);
        }
    }
}
