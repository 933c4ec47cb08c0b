using Sema.Onnx.Inspection;

namespace Sema.Onnx.Cli.Reports;

/// <summary>The groups of weights with a learning rate or weight decay of their own, where there are any.</summary>
internal static class GroupTable
{
    internal static void Write(IReadOnlyList<GroupReport> groups, TextWriter writer)
    {
        if (groups.All(g => g.RateScale == 1 && g.WeightDecay is null))
            return;
        var table = new PlainTable("group", "tensors", "elements", "lr", "weight decay");
        foreach (var group in groups)
        {
            table.Add(group.Name, Readable.Number(group.Tensors), Readable.Number(group.Elements), FormattableString.Invariant($"{group.RateScale:0.####} x"),
                group.WeightDecay is { } decay ? FormattableString.Invariant($"{decay}") : "as given");
        }

        table.Write(writer, below: true);
    }
}
