using System.Text;

namespace SparkTrain.Distributed;

/// <summary>Lets all ranks know when one of them has failed.</summary>
public static class Agreement
{
    /// <summary>Returns the message of the lowest rank that gives one, the same on all ranks; null where none does. All ranks call it.</summary>
    public static string? FirstFailure(this ICollectives ranks, string? mine)
    {
        byte[] text = Encoding.UTF8.GetBytes(mine ?? "");
        var lengths = new double[ranks.WorldSize];
        lengths[ranks.Rank] = mine is null ? 0 : text.Length + 1;
        ranks.AllReduceSum(lengths);
        int failed = Array.FindIndex(lengths, length => length > 0);
        if (failed < 0) return null;
        var letters = new double[(int)lengths[failed] - 1];
        if (failed == ranks.Rank)
            for (int i = 0; i < letters.Length; i++) letters[i] = text[i];
        ranks.AllReduceSum(letters);
        return Encoding.UTF8.GetString([.. letters.Select(letter => (byte)letter)]);
    }
}
