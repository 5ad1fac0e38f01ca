namespace SparkTrain.Dashboard;

/// <summary>Orders names so that [10] comes after [9].</summary>
internal static class NaturalOrder
{
    public static int Compare(string a, string b)
    {
        var ((nameA, indexA), (nameB, indexB)) = (Split(a), Split(b));
        int order = string.CompareOrdinal(nameA, nameB);
        return order != 0 ? order : indexA != indexB ? indexA.CompareTo(indexB) : string.CompareOrdinal(a, b);
    }

    /// <summary>Splits name[3] into name and 3; the index of another name is −1.</summary>
    public static (string Name, int Index) Split(string key)
    {
        int open = key.LastIndexOf('[');
        return open > 0 && key[^1] == ']' && int.TryParse(key.AsSpan(open + 1, key.Length - open - 2), System.Globalization.NumberStyles.None, null, out int index) ? (key[..open], index) : (key, -1);
    }
}
