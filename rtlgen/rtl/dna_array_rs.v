// ROWS x COLS row-stationary array: a row is one filter row (and slice of channels) of one output row, as dna_fold lays
// them; columns are output channels. Every array row takes the word of its input row out of the banks: array rows on a
// diagonal (filter row + output row) take the same. Totals move down the rows of a group; `sums_o` is the one of array row
// row_i. Row controls are registered once a row (fan-out COLS).
module dna_array_rs #(
    parameter ROWS     = 16,
    parameter LOG      = 4,     // log2(ROWS)
    parameter COLS     = 16,
    parameter BITS     = 8,
    parameter SELECT   = 4,     // log2 of the channels in a word
    parameter PE_CUT   = 1,
    parameter DEPTH    = 16,    // weights of a PE
    parameter RADDR    = 4,     // log2(DEPTH)
    parameter SUM_BITS = 24
) (
    input  wire                     clk,
    // fold of the layer
    input  wire [ROWS*6-1:0]        chain_i,
    input  wire [ROWS*LOG-1:0]      lane_i,
    input  wire [ROWS*SELECT-1:0]   channel_i,
    input  wire                     depthwise_i,
    input  wire [BITS-1:0]          pad_i,
    // operands: bank of lane 0 one cycle before the banks' words (bit 128: inside the map)
    input  wire [LOG-1:0]           amount_i,
    input  wire                     load_i,        // one cycle before the words
    input  wire [ROWS*129-1:0]      banks_i,
    input  wire [SELECT-1:0]        select_i,      // with the words: channel of an array row's first slice
    input  wire                     half_i,
    input  wire [RADDR-1:0]         read_i,        // with the words: weight
    input  wire                     use_i,         // with the words: a MAC
    input  wire                     first_i,       // one cycle before the product
    input  wire                     transfer_i,    // one cycle before the sum is taken
    // weights: controls one cycle before the vector
    input  wire                     weight_load_i,
    input  wire [5:0]               weight_chain_i,
    input  wire [RADDR-1:0]         weight_place_i,
    input  wire [COLS*BITS-1:0]     w_i,
    output wire [ROWS-1:0]          written_o,     // with the vector: array rows that take it
    // totals
    input  wire [LOG-1:0]           row_i,
    output reg  [COLS*SUM_BITS-1:0] sums_o         // two cycles later
);
    genvar r, c;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : gen_row
            wire [5:0] place = chain_i[r*6 +: 6];
            wire head = place == 6'd0;
            reg             use_q, first_q, transfer_q, write_q, wave_q;
            reg [LOG-1:0]   bank_q;
            reg [RADDR-1:0] read_q, place_q;
            // The totals of the row above are complete: one row a cycle from the head of the group on.
            wire join_now;
            always @(posedge clk) begin
                use_q      <= use_i;
                first_q    <= first_i;
                transfer_q <= transfer_i;
                write_q    <= weight_load_i && weight_chain_i == place;
                place_q    <= weight_place_i;
                read_q     <= read_i;
                bank_q     <= amount_i + lane_i[r*LOG +: LOG];
                wave_q     <= head ? transfer_q : join_now;
            end
            assign written_o[r] = write_q;
            wire [128:0] word;
            dna_pick #(.LOG(LOG), .BITS(129)) u_word (.words_i(banks_i), .index_i(bank_q), .word_o(word));
            wire [COLS*BITS-1:0] x;
            dna_lane #(.COLS(COLS), .BITS(BITS), .SELECT(SELECT)) u_lane (
                .clk(clk), .load_i(load_i), .word_i(word[127:0]), .valid_i(word[128]), .pad_i(pad_i),
                .select_i(select_i | channel_i[r*SELECT +: SELECT]), .depthwise_i(depthwise_i), .half_i(half_i), .x_o(x));
            wire [COLS*SUM_BITS-1:0] above, totals;
            if (r == 0) begin : gen_top
                assign join_now = 1'b0;
                assign above = {(COLS*SUM_BITS){1'b0}};
            end else begin : gen_below
                assign join_now = !head && gen_row[r-1].wave_q;
                assign above = gen_row[r-1].totals;
            end
            for (c = 0; c < COLS; c = c + 1) begin : gen_col
                dna_pe_rs #(.BITS(BITS), .PE_CUT(PE_CUT), .DEPTH(DEPTH), .RADDR(RADDR), .SUM_BITS(SUM_BITS)) u_pe (
                    .clk(clk), .x_i(x[c*BITS +: BITS]), .w_i(w_i[c*BITS +: BITS]), .write_i(write_q), .place_i(place_q),
                    .read_i(read_q), .use_i(use_q), .first_i(first_q), .transfer_i(transfer_q), .join_i(join_now),
                    .chain_i(above[c*SUM_BITS +: SUM_BITS]), .chain_o(totals[c*SUM_BITS +: SUM_BITS]));
            end
        end
    endgenerate

    wire unused_wave = gen_row[ROWS-1].wave_q;
    wire [ROWS*COLS*SUM_BITS-1:0] all;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : gen_total
            assign all[r*COLS*SUM_BITS +: COLS*SUM_BITS] = gen_row[r].totals;
        end
    endgenerate
    reg  [LOG-1:0] row_q;
    wire [COLS*SUM_BITS-1:0] picked;
    dna_pick #(.LOG(LOG), .BITS(COLS*SUM_BITS)) u_totals (.words_i(all), .index_i(row_q), .word_o(picked));
    always @(posedge clk) begin
        row_q  <= row_i;
        sums_o <= picked;
    end
endmodule
